import { z } from 'zod';
import { EvalError } from '../errors.js';
import { readJsonLines } from './json-lines.js';
import { fileId } from './parse-item.js';

/** What a prompt is looked up by. */
export interface PromptKey {
  questionId: string;
  imageId: string;
  question: string;
}

/** The text of the line that belongs to a question, or undefined. */
export type PublishedPrompts = (key: PromptKey) => string | undefined;

const promptLine = z.object({ question_id: fileId, text: z.string().min(1) });

/**
 * Reads a question file of LLaVA (JSON lines: question_id, image, text). Its `question_id` is the question's own, or the
 * picture's: then the line is the one whose text begins with the question, case aside, and goes on in the next line. Never
 * "line 2 of the prompt": a question may have line breaks. Another content: `BAD_LINE`.
 */
export async function readPublishedPrompts(file: string): Promise<PublishedPrompts> {
  const texts = new Map<string, string[]>();
  for await (const { line, value } of readJsonLines(file)) {
    const parsed = promptLine.safeParse(value);
    if (!parsed.success) {
      const hint = 'fetch the file again';
      throw new EvalError('BAD_LINE', 'expected `question_id` and `text`', {
        file,
        item: `line ${line}`,
        hint,
      });
    }
    const { question_id: id, text } = parsed.data;
    const before = texts.get(id);
    if (before === undefined) texts.set(id, [text]);
    else before.push(text);
  }
  return ({ questionId, imageId, question }) => {
    const start = `${question}\n`.toLowerCase();
    const begins = (text: string) => text.toLowerCase().startsWith(start);
    return texts.get(questionId)?.find(begins) ?? texts.get(imageId)?.find(begins);
  };
}
