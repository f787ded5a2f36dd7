"""TextVQA's soft accuracy and the loading of MagnifierBench, written from the specification: the other side of eval.ts.

    eval_baseline.py score FILE   scores JSON lines {prediction, answers}, says seconds and the mean
    eval_baseline.py load FOLDER  reads the two files of MagnifierBench, says seconds and peak memory
"""

import json
import re
import resource
import sys
import time

CONTRACTIONS = {
    spelling: form
    for form in """
    ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've
    he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't must've needn't not've
    o'clock oughtn't 'ow's'at shan't she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's
    someone'd someone'd've someone'll someone's something'd something'd've something'll that's there'd there'd've
    there're there's they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're what's
    what've when's where'd where's where've who'd who'd've who'll who's who've why'll why're why's won't would've
    wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're you've
    """.split()
    for spelling in (form[:at] + form[at + 1 :] for at in range(len(form)) if form[at] == "'")
}
CONTRACTIONS["somebody'd"] = "somebodyd"
NUMBERS = {
    word: str(number)
    for number, word in enumerate("zero one two three four five six seven eight nine ten".split())
}
NUMBERS["none"] = "0"
ARTICLES = {"a", "an", "the"}
PUNCTUATION = [";", "/", "[", "]", '"', "{", "}", "(", ")", "=", "+", "\\", "_", "-", ">", "<", "@", "`", ",", "?", "!"]
FULL_STOP = re.compile(r"(?!<=\d)(\.)(?!\d)")
BETWEEN_DIGITS = re.compile(r"(\d)(,)(\d)")


def process_answer(text):
    text = text.lower().replace(",", "").replace("?", "").replace("'s", " 's").strip()
    text = text.replace("\n", " ").replace("\t", " ").strip()
    bare = text
    for mark in PUNCTUATION:
        if mark + " " in text or " " + mark in text or BETWEEN_DIGITS.search(text) is not None:
            bare = bare.replace(mark, "")
        else:
            bare = bare.replace(mark, " ")
    bare = FULL_STOP.sub("", bare, 32)
    words = (NUMBERS.get(word, word) for word in bare.lower().split())
    return " ".join(CONTRACTIONS.get(word, word) for word in words if word not in ARTICLES)


def soft_accuracy(prediction, answers):
    given = process_answer(prediction)
    matches = [process_answer(answer) == given for answer in answers]
    total = 0.0
    for i in range(len(answers)):
        others = matches[:i] + matches[i + 1 :]
        total += min(1, sum(others) / 3)
    return total / len(answers)


def score(file):
    with open(file, encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines]
    start = time.perf_counter()
    scores = [soft_accuracy(item["prediction"], item["answers"]) for item in items]
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "mean": sum(scores) / len(scores)}


def load(folder):
    start = time.perf_counter()
    with open(f"{folder}/data_instructions.json", encoding="utf-8") as file:
        questions = json.load(file)["data"]
    with open(f"{folder}/images.json", encoding="utf-8") as file:
        pictures = json.load(file)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "items": len(questions), "pictures": len(pictures), "peakMB": peak}


if __name__ == "__main__":
    print(json.dumps({"score": score, "load": load}[sys.argv[1]](sys.argv[2])))
