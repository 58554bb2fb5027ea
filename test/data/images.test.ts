/** `image(…)` columns, against PNG files that are written here from the format's own description. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { afterAll, expect, it } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { instantiate } from "../../src/runtime/index.js";

const dir = mkdtempSync(join(tmpdir(), "recurve-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** `colour`: 0 grey, 2 RGB, 3 palette, 6 RGB with alpha; rows of bytes. */
function png(name: string, width: number, colour: number, rows: readonly (readonly number[])[], depth = 8): void {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(rows.length, 4);
  head.set([depth, colour], 8);
  const lines = deflateSync(Buffer.from(rows.flatMap((row) => [0, ...row])));
  const palette = colour === 3 ? [chunk("PLTE", Buffer.from([0, 0, 0, 255, 255, 255]))] : [];
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  writeFileSync(
    join(dir, name),
    Buffer.concat([signature, chunk("IHDR", head), ...palette, chunk("IDAT", lines), chunk("IEND", Buffer.alloc(0))]),
  );
}

png("grey.png", 3, 0, [
  [0, 51, 255],
  [102, 153, 204],
]);
png("rgb.png", 3, 2, [
  [255, 0, 0, 0, 255, 0, 0, 0, 255],
  [0, 0, 0, 255, 255, 255, 51, 51, 51],
]);
png("alpha.png", 3, 6, [
  [255, 0, 0, 9, 0, 255, 0, 9, 0, 0, 255, 9],
  [0, 0, 0, 9, 255, 255, 255, 9, 51, 51, 51, 9],
]);
png(
  "deep.png",
  3,
  0,
  [
    [0, 0, 0x33, 0x33, 255, 255],
    [0x66, 0x66, 0x99, 0x99, 0xcc, 0xcc],
  ],
  16,
);
png("palette.png", 3, 3, [
  [0, 1, 0],
  [1, 0, 1],
]);
png("wide.png", 2, 0, [
  [0, 51],
  [102, 153],
  [1, 1],
]);

async function load(shape: string, file: string): Promise<number[]> {
  writeFileSync(join(dir, "files.csv"), `file,y\n${file},1\n`);
  const rank = shape.split(",").length;
  const sum = rank > 1 ? "sum(flatten(img))" : "sum[r](sum(img[r]))";
  const source = `model m {
  axis r < 2
  input img${rank > 1 ? "" : "[r]"} : [${shape}]
  random y
  param b
  y ~ normal(${sum} + b, 1)
  data { train = csv("files.csv"), img = image(file) }
  train { steps = 1 }
}`;
  const network = await instantiate(compile(source, { file: join(dir, "m.rcv") }), { backend: "cpu" });
  const { train } = await network.data();
  network.dispose();
  return Array.from(train.samples[0]?.fields["img"] ?? [], (x) => Math.round(x * 1000) / 1000);
}

const grey = [0, 0.2, 1, 0.4, 0.6, 0.8];
const colours = [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0.2, 0.2, 0.2];

it.each<[string, string, number[]]>([
  ["grey.png", "2, 3", grey],
  ["grey.png", "2, 3, 1", grey],
  ["grey.png", "2, 3, 3", grey.flatMap((x) => [x, x, x])],
  ["grey.png", "3", grey],
  ["deep.png", "2, 3", grey],
  ["rgb.png", "2, 3, 3", colours],
  ["alpha.png", "2, 3, 3", colours],
  ["rgb.png", "2, 3", [0.299, 0.587, 0.114, 0, 1, 0.2]],
])("%s as [%s]", async (file, shape, expected) => {
  expect(await load(shape, file)).toEqual(expected);
});

it("says what it cannot read", async () => {
  await expect(load("2, 3", "palette.png")).rejects.toThrow("a palette or fewer than 8 bits");
  await expect(load("2, 3", "files.csv")).rejects.toThrow("cannot be read as PNG");
  await expect(load("2, 3", "none.png")).rejects.toThrow("there is no such file");
  await expect(load("2, 3", "wide.png")).rejects.toThrow("img");
});
