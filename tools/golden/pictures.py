"""Small pictures of every kind that Pillow opens, and what `Image.open(f).convert("RGB")` makes of them.

    python tools/golden/pictures.py libs/flexattn-runtime/golden/pictures

Needs Pillow and NumPy, as the trainer does. Writes the pictures and `expected.json`: for each of them width, height and
the RGB bytes in base64, or the message where Pillow refuses it. Same Pillow, same bytes.
"""

from __future__ import annotations

import base64
import json
import struct
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

WIDTH, HEIGHT = 21, 13


def colours() -> Image.Image:
    """Smooth in every channel, with one hard edge."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [x * 255 // (WIDTH - 1), y * 255 // (HEIGHT - 1), (x + y) * 255 // (WIDTH + HEIGHT - 2)]
    planes[2] = np.where(x > y + 6, 255 - planes[2], planes[2])
    return Image.fromarray(np.stack(planes, -1).astype(np.uint8))


RGB = colours()
GREY = RGB.convert("L")
ALPHA = Image.fromarray(np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1)))
RGBA = RGB.copy()
RGBA.putalpha(ALPHA)
CMYK = RGB.convert("CMYK")
CMYK_INKS = Image.merge("CMYK", [*RGB.split(), GREY.point(lambda level: level // 3)])
PALETTE = RGB.quantize(40)
DEEP = np.asarray(GREY, np.uint16) * 7 + np.arange(WIDTH, dtype=np.uint16)
DEEP_RGB = np.asarray(RGB, np.uint16) * 257 - 77 * (np.asarray(RGB) > 3)


# ---------------------------------------------------------------- formats that Pillow does not write
def tiff(tags: dict[int, tuple[int, list[int]]], pixels: bytes, order: str = "<", big: bool = False) -> bytes:
    """One uncompressed strip; tags: number -> (type, values), types 3 (16 bits) and 4 (32 bits)."""
    data_at = 16 if big else 8
    base = {
        256: (4, [WIDTH]),
        257: (4, [HEIGHT]),
        259: (3, [1]),
        273: (4, [data_at]),
        278: (4, [HEIGHT]),
        279: (4, [len(pixels)]),
    }
    entries = sorted({**base, **tags}.items())
    pixels += b"\0" * (-len(pixels) % 8)
    ifd_at = data_at + len(pixels)
    room, entry = (8, 20) if big else (4, 12)
    extra_at = ifd_at + (16 if big else 6) + entry * len(entries)
    ifd, extra = struct.pack(order + ("Q" if big else "H"), len(entries)), b""
    for tag, (kind, values) in entries:
        value = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(value) > room:
            place = struct.pack(order + ("Q" if big else "I"), extra_at + len(extra))
            extra += value + b"\0" * (-len(value) % 4)
            value = place
        ifd += struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, len(values)) + value.ljust(
            room, b"\0"
        )
    ifd += struct.pack(order + ("Q" if big else "I"), 0)
    mark = b"II" if order == "<" else b"MM"
    head = mark + (
        struct.pack(order + "HHHQ", 43, 8, 0, ifd_at) if big else struct.pack(order + "HI", 42, ifd_at)
    )
    return head + pixels + ifd + extra


def deep_rgb_tiff(order: str) -> bytes:
    pixels = DEEP_RGB.astype(order + "u2").tobytes()
    return tiff({258: (3, [16] * 3), 262: (3, [2]), 277: (3, [3])}, pixels, order)


def extra_tiff(kind: int) -> bytes:
    """RGB with a fourth sample: 0 unspecified, 1 premultiplied alpha, 2 alpha."""
    pixels = np.asarray(RGBA).copy()
    if kind == 1:
        pixels[..., :3] = pixels[..., :3].astype(np.uint16) * pixels[..., 3:] // 255
    return tiff({258: (3, [8] * 4), 262: (3, [2]), 277: (3, [4]), 338: (3, [kind])}, pixels.tobytes())


def bits_tiff(bits: int, white_is_zero: bool) -> bytes:
    levels = np.asarray(GREY) >> (8 - bits)
    rows = [pack_bits(row, bits, 1) for row in levels]
    return tiff({258: (3, [bits]), 262: (3, [0 if white_is_zero else 1]), 277: (3, [1])}, b"".join(rows))


def planar_tiff() -> bytes:
    planes = np.asarray(RGB).transpose(2, 0, 1).copy()
    size = WIDTH * HEIGHT
    strips = {273: (4, [8, 8 + size, 8 + 2 * size]), 279: (4, [size] * 3)}
    return tiff({258: (3, [8] * 3), 262: (3, [2]), 277: (3, [3]), 284: (3, [2]), **strips}, planes.tobytes())


def subsampled_tiff(across: int, down: int) -> bytes:
    """Deflated YCbCr, one Cb and Cr for a block of pixels, which libtiff turns into RGB."""
    luma, blue, red = np.moveaxis(np.asarray(RGB.convert("YCbCr")), -1, 0)
    data = bytearray()
    for top in range(0, HEIGHT, down):
        for left in range(0, WIDTH, across):
            block = np.ix_(
                np.minimum(np.arange(top, top + down), HEIGHT - 1),
                np.minimum(np.arange(left, left + across), WIDTH - 1),
            )
            data += luma[block].tobytes() + bytes([blue[top, left], red[top, left]])
    tags = {258: (3, [8] * 3), 259: (3, [8]), 262: (3, [6]), 277: (3, [3]), 530: (3, [across, down])}
    return tiff(tags, zlib.compress(bytes(data)))


def pack_bits(row: np.ndarray, bits: int, align: int) -> bytes:
    """One row of samples below 8 bits, high bits first, padded to `align` bytes."""
    text = "".join(f"{int(value):0{bits}b}" for value in row)
    text = text.ljust(-(-len(text) // (8 * align)) * 8 * align, "0")
    return int(text, 2).to_bytes(len(text) // 8, "big")


def bmp(info: bytes, palette: bytes, pixels: bytes) -> bytes:
    offset = 14 + len(info) + len(palette)
    return struct.pack("<2sIHHI", b"BM", offset + len(pixels), 0, 0, offset) + info + palette + pixels


def info_header(
    bits: int, compression: int = 0, colours: int = 0, height: int = HEIGHT, size: int = 40
) -> bytes:
    return struct.pack("<IiiHHIIiiII", size, WIDTH, height, 1, bits, compression, 0, 2835, 2835, colours, 0)


def bmp_rows(array: np.ndarray) -> bytes:
    """Bottom row first, rows padded to 4 bytes."""
    rows = [row.tobytes() for row in array[::-1]]
    return b"".join(row + b"\0" * (-len(row) % 4) for row in rows)


def bmp_palette(padding: int = 4, colours: int = 40) -> bytes:
    levels = PALETTE.getpalette()[: 3 * colours]
    return b"".join(
        bytes(levels[at : at + 3][::-1]) + b"\0" * (padding - 3) for at in range(0, len(levels), 3)
    )


def rle(bits: int) -> bytes:
    """Runs, a literal stretch and a jump."""
    limit = 15 if bits == 4 else 39
    indices = np.minimum(np.asarray(PALETTE), limit)[::-1]
    out = b""
    for y, row in enumerate(indices):
        if y == 4:
            literal = row[:5]
            packed = pack_bits(literal, 4, 2) if bits == 4 else bytes(literal) + b"\0"
            out += b"\0\x05" + packed + b"\0\x02\x03\x00"
            row = row[8:]
        for value in row:
            out += bytes([1, int(value) << 4 if bits == 4 else int(value)])
        out += b"\0\0"
    return out + b"\0\1"


def packed_16(bits: tuple[int, int, int]) -> np.ndarray:
    r, g, b = (np.asarray(RGB)[..., at].astype(np.uint16) >> (8 - bits[at]) for at in range(3))
    return (r << (bits[1] + bits[2]) | g << bits[2] | b).astype("<u2")


def gif(
    frame: tuple[int, int, int, int],
    transparent: int | None,
    interlaced: bool = False,
    local: bool = False,
    background: int = 3,
) -> bytes:
    """First frame of WIDTH x HEIGHT at `frame` (left, top, width, height), literal codes, then a second frame."""
    table = b"".join(bytes([at * 16, 255 - at * 16, at * 7]) for at in range(16))
    other = b"".join(bytes([255 - at * 16, at * 3, at * 16]) for at in range(16))
    out = b"GIF89a" + struct.pack("<HHBBB", WIDTH, HEIGHT, 0xF3, background, 0) + table
    for number, (left, top, width, height) in enumerate([frame, (0, 0, WIDTH, HEIGHT)]):
        if transparent is not None:
            out += b"!\xf9\x04" + bytes([1 | 4, 5, 0, transparent]) + b"\0"
        flags = (0x40 if interlaced else 0) | (0x83 if local else 0)
        out += b"," + struct.pack("<HHHHB", left, top, width, height, flags) + (other if local else b"")
        pixels = [
            (x * 16 // width + y * (number + 1)) % 16
            for y in row_order(height, interlaced)
            for x in range(width)
        ]
        out += b"\x04" + blocks(lzw(pixels)) + b"\0"
    return out + b";"


def row_order(height: int, interlaced: bool) -> list[int]:
    if not interlaced:
        return list(range(height))
    return [y for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(start, height, step)]


def lzw(pixels: list[int], bits: int = 4) -> bytes:
    """GIF's codes, least significant bit first."""
    clear, end = 1 << bits, (1 << bits) + 1
    table = {(at,): at for at in range(clear)}
    width, following, acc, filled, out = bits + 1, end + 1, clear, bits + 1, bytearray()

    def put(code: int) -> None:
        nonlocal acc, filled
        acc |= code << filled
        filled += width

    prefix: tuple[int, ...] = ()
    for pixel in pixels:
        if prefix + (pixel,) in table:
            prefix += (pixel,)
            continue
        put(table[prefix])
        table[prefix + (pixel,)] = following
        following += 1
        if following > 1 << width:
            width += 1
        prefix = (pixel,)
    put(table[prefix])
    put(end)
    while filled > 0:
        out.append(acc & 255)
        acc >>= 8
        filled -= 8
    return bytes(out)


def blocks(data: bytes) -> bytes:
    return b"".join(
        bytes([len(data[at : at + 255])]) + data[at : at + 255] for at in range(0, len(data), 255)
    )


def without_adobe(jpeg: bytes) -> bytes:
    """The same file without its APP14 segment."""
    at = jpeg.index(b"\xff\xee")
    return jpeg[:at] + jpeg[at + 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0] :]


def adobe_transform(jpeg: bytes, transform: int) -> bytes:
    """The same file whose APP14 segment says how its colours were turned: 0 not at all, 1 YCbCr, 2 YCCK."""
    at = jpeg.index(b"\xff\xee")
    return jpeg[: at + 15] + bytes([transform]) + jpeg[at + 16 :]


# ---------------------------------------------------------------- the pictures
def saved(out: Path, name: str, image: Image.Image, **options: object) -> None:
    image.save(out / name, **options)


def with_orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def write_jpegs(out: Path) -> None:
    saved(out, "jpeg-420.jpg", RGB, quality=90)
    saved(out, "jpeg-444-progressive.jpg", RGB, quality=90, subsampling=0, progressive=True)
    saved(out, "jpeg-grey.jpg", GREY, quality=90)
    saved(out, "jpeg-rgb.jpg", RGB, quality=90, keep_rgb=True)
    saved(out, "jpeg-turned.jpg", RGB, quality=90, exif=with_orientation(6))
    saved(out, "jpeg-cmyk.jpg", CMYK_INKS, quality=90)
    plain = (out / "jpeg-cmyk.jpg").read_bytes()
    (out / "jpeg-cmyk-no-adobe.jpg").write_bytes(without_adobe(plain))
    (out / "jpeg-ycck.jpg").write_bytes(adobe_transform(plain, 2))


def write_pngs(out: Path) -> None:
    saved(out, "png-rgb.png", RGB)
    saved(out, "png-rgba.png", RGBA)
    saved(out, "png-grey.png", GREY)
    saved(out, "png-grey-alpha.png", Image.merge("LA", [GREY, ALPHA]))
    saved(out, "png-1-bit.png", GREY.convert("1"))
    saved(out, "png-palette.png", PALETTE)
    saved(out, "png-palette-2-bit.png", RGB.quantize(4), bits=2)
    saved(out, "png-palette-transparent.png", PALETTE, transparency=bytes(range(0, 240, 6)))
    saved(out, "png-key-grey-16.png", Image.fromarray(DEEP.astype(np.uint16)), transparency=int(DEEP[3, 3]))
    saved(out, "png-key-rgb.png", RGB, transparency=RGB.getpixel((3, 3)))
    saved(out, "png-key-grey.png", GREY, transparency=GREY.getpixel((3, 3)))
    saved(out, "png-grey-16.png", Image.fromarray(DEEP.astype(np.uint16)))
    saved(out, "png-turned.png", RGB, exif=with_orientation(8))
    frames = [RGB, RGB.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    saved(out, "png-animated.png", frames[0], save_all=True, append_images=frames[1:], duration=50)
    (out / "png-rgb-16.png").write_bytes(deep_png(2, DEEP_RGB))
    alpha = np.asarray(ALPHA, np.uint16)[..., None] * 257
    (out / "png-rgba-16.png").write_bytes(deep_png(6, np.concatenate([DEEP_RGB, alpha], -1)))
    (out / "png-grey-alpha-16.png").write_bytes(deep_png(4, np.concatenate([DEEP[..., None] * 9, alpha], -1)))


def deep_png(colour_type: int, samples: np.ndarray) -> bytes:
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def write_webps(out: Path) -> None:
    saved(out, "webp-lossy.webp", RGB, quality=80)
    saved(out, "webp-lossless-alpha.webp", RGBA, lossless=True, exact=True)
    saved(out, "webp-lossy-alpha.webp", RGBA, quality=80)
    flipped = RGBA.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    saved(
        out,
        "webp-animated.webp",
        RGBA,
        save_all=True,
        append_images=[flipped],
        duration=50,
        lossless=True,
        exact=True,
    )
    saved(out, "webp-turned.webp", RGB, quality=80, exif=with_orientation(3))


def write_gifs(out: Path) -> None:
    saved(out, "gif-plain.gif", PALETTE)
    saved(out, "gif-grey.gif", GREY)
    saved(out, "gif-transparent.gif", PALETTE, transparency=7)
    whole, part = (0, 0, WIDTH, HEIGHT), (4, 2, 11, 7)
    (out / "gif-animated.gif").write_bytes(gif(whole, None))
    (out / "gif-interlaced-transparent.gif").write_bytes(gif(whole, 5, interlaced=True))
    (out / "gif-part.gif").write_bytes(gif(part, None))
    (out / "gif-part-transparent-local.gif").write_bytes(gif(part, 9, local=True))
    (out / "gif-larger-than-screen.gif").write_bytes(gif((4, 2, WIDTH, HEIGHT), 9))


def write_tiffs(out: Path) -> None:
    for compression in ("raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg"):
        saved(out, f"tiff-rgb-{compression.removeprefix('tiff_')}.tif", RGB, compression=compression)
    saved(out, "tiff-ycbcr.tif", RGB.convert("YCbCr"))
    saved(out, "tiff-ycbcr-lzw.tif", RGB.convert("YCbCr"), compression="tiff_lzw")
    saved(out, "tiff-ycbcr-jpeg.tif", RGB.convert("YCbCr"), compression="jpeg", quality=90)
    saved(out, "tiff-cmyk.tif", CMYK_INKS)
    saved(out, "tiff-cmyk-lzw.tif", CMYK_INKS, compression="tiff_lzw")
    saved(out, "tiff-palette.tif", PALETTE)
    saved(out, "tiff-1-bit-group4.tif", GREY.convert("1"), compression="group4")
    saved(out, "tiff-grey-alpha.tif", Image.merge("LA", [GREY, ALPHA]))
    saved(out, "tiff-rgba.tif", RGBA)
    saved(out, "tiff-grey-16.tif", Image.fromarray(DEEP.astype(np.uint16)))
    saved(out, "tiff-float.tif", Image.fromarray((DEEP / 8 - 20).astype(np.float32)))
    saved(out, "tiff-int-32.tif", Image.fromarray(DEEP.astype(np.int32) - 60))
    saved(out, "tiff-turned.tif", RGB, exif=with_orientation(6))
    saved(out, "tiff-mirrored.tif", RGB, exif=with_orientation(2))
    saved(out, "tiff-pages.tif", RGB, save_all=True, append_images=[GREY])
    (out / "tiff-rgb-16.tif").write_bytes(deep_rgb_tiff("<"))
    (out / "tiff-rgb-16-big-endian.tif").write_bytes(deep_rgb_tiff(">"))
    for kind, name in enumerate(["unspecified", "premultiplied", "alpha"]):
        (out / f"tiff-rgb-{name}.tif").write_bytes(extra_tiff(kind))
    for bits in (1, 2, 4):
        (out / f"tiff-{bits}-bit-white-is-zero.tif").write_bytes(bits_tiff(bits, True))
    (out / "tiff-4-bit.tif").write_bytes(bits_tiff(4, False))
    (out / "tiff-8-bit-white-is-zero.tif").write_bytes(bits_tiff(8, True))
    (out / "tiff-planar.tif").write_bytes(planar_tiff())
    for across, down in ((2, 2), (4, 1)):
        (out / f"tiff-ycbcr-{across}x{down}-deflate.tif").write_bytes(subsampled_tiff(across, down))
    plain = {258: (3, [8] * 3), 262: (3, [2]), 277: (3, [3])}
    (out / "tiff-big.tif").write_bytes(tiff(plain, RGB.tobytes(), big=True))


def write_bmps(out: Path) -> None:
    rgb = np.asarray(RGB)
    bgr = rgb[..., ::-1]
    four = np.concatenate([bgr, np.asarray(ALPHA)[..., None]], -1)
    indices = np.asarray(PALETTE)
    saved(out, "bmp-24.bmp", RGB)
    saved(out, "bmp-grey.bmp", GREY)
    saved(out, "bmp-1-bit.bmp", GREY.convert("1"))
    saved(out, "bmp-palette.bmp", PALETTE)
    saved(out, "bmp-rgba.bmp", RGBA)
    (out / "bmp-24-top-down.bmp").write_bytes(bmp(info_header(24, height=-HEIGHT), b"", bmp_rows(bgr[::-1])))
    (out / "bmp-32.bmp").write_bytes(bmp(info_header(32), b"", bmp_rows(four)))
    (out / "bmp-palette-40.bmp").write_bytes(
        bmp(info_header(8, colours=40), bmp_palette(), bmp_rows(indices))
    )
    core = struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, 8)
    (out / "bmp-os2.bmp").write_bytes(bmp(core, bmp_palette(3).ljust(768, b"\0"), bmp_rows(indices)))
    small = [np.frombuffer(pack_bits(np.minimum(row, 15), 4, 4), np.uint8) for row in indices]
    (out / "bmp-4-bit.bmp").write_bytes(
        bmp(info_header(4, colours=16), bmp_palette(colours=16), bmp_rows(np.stack(small)))
    )
    one = [np.frombuffer(pack_bits(row & 1, 1, 4), np.uint8) for row in indices]
    (out / "bmp-1-bit-colours.bmp").write_bytes(
        bmp(info_header(1, colours=2), bmp_palette(colours=2), bmp_rows(np.stack(one)))
    )
    (out / "bmp-rle8.bmp").write_bytes(bmp(info_header(8, 1, colours=40), bmp_palette(), rle(8)))
    (out / "bmp-rle4.bmp").write_bytes(bmp(info_header(4, 2, colours=16), bmp_palette(colours=16), rle(4)))
    (out / "bmp-555.bmp").write_bytes(bmp(info_header(16), b"", bmp_rows(packed_16((5, 5, 5)))))
    masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    (out / "bmp-565.bmp").write_bytes(bmp(info_header(16, 3), masks, bmp_rows(packed_16((5, 6, 5)))))
    masks = struct.pack("<IIII", 0xFF000000, 0xFF0000, 0xFF00, 0xFF)
    swapped = four[..., [3, 0, 1, 2]].copy()
    v4 = info_header(32, 3, size=108) + masks + b"\0" * 52
    (out / "bmp-bitfields-32.bmp").write_bytes(bmp(v4, b"", bmp_rows(swapped)))


def expectation(file: Path) -> dict[str, object]:
    try:
        with Image.open(file) as opened:
            rgb = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        return {"refused": str(error).replace(str(file.parent) + "/", "")}
    return {"width": rgb.width, "height": rgb.height, "rgb": base64.b64encode(rgb.tobytes()).decode()}


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    for write in (write_jpegs, write_pngs, write_webps, write_gifs, write_tiffs, write_bmps):
        write(out)
    files = sorted(file for file in out.iterdir() if file.suffix != ".json")
    expected = {file.name: expectation(file) for file in files}
    (out / "expected.json").write_text(
        json.dumps({"pillow": PIL.__version__, "pictures": expected}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
