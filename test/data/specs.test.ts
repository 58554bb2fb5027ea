import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { validateBlocks } from "../../src/compiler/blocks/index.js";
import { check } from "../../src/compiler/check/index.js";
import { nodeFiles } from "../../src/runtime/data/files.js";
import { loadData } from "../../src/runtime/data/index.js";

const specs = readdirSync("specs").filter((name) => name.endsWith(".rcv"));

test.each(specs)("the blocks of %s are valid, its data loads and gives every field of the model", async (name) => {
  const [model] = check(readFileSync(`specs/${name}`, "utf8"), {}).models;
  const blocks = validateBlocks(model!);
  expect(blocks.diagnostics).toEqual([]);
  const {
    train,
    valid,
    model: bound,
  } = await loadData(model!, blocks.data!, { files: nodeFiles("specs"), ...blocks.train! });
  expect(bound.unsized).toEqual([]);
  const share = blocks.data?.valid?.kind === "source" ? undefined : blocks.data?.valid?.share;
  if (share === undefined) expect(valid).toBeNull();
  else expect(valid!.count / (train.count + valid!.count)).toBeCloseTo(share, 3);
  const [batch] = train.epoch(0);
  expect(batch!.size).toBe(Math.min(blocks.train!.batch, train.count));
  // beside them stand the maps of trees, which have a dot in their names
  const given = Object.keys(batch!.fields).filter((name) => !name.includes("."));
  expect(given).toEqual(model!.fields.map((field) => field.name));
});
