import { existsSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { BlockValue } from "../../src/compiler/model.js";
import type { BackendName } from "../../src/runtime/backends.js";
import { DivergedError, type Event, instantiate, load, type Network } from "../../src/runtime/index.js";
import { WARM } from "../../src/runtime/machine.js";
import { names } from "../support/backends.js";
import { compiled, folder, own, story, tags } from "./support/specs.js";

const made = async (source: string, set: Record<string, BlockValue> = {}, backend: BackendName = "cpu") =>
  instantiate(compiled(source, set), { backend });

const only = <K extends Event["event"]>(events: readonly Event[], kind: K): Extract<Event, { event: K }>[] =>
  events.filter((e): e is Extract<Event, { event: K }> => e.event === kind);

async function trained(network: Network, options: { dir?: string; signal?: AbortSignal; stopAt?: number } = {}) {
  const events: Event[] = [];
  const stop = new AbortController();
  const { dir, stopAt } = options;
  const result = await network.fit(null, {
    signal: stop.signal,
    ...(dir === undefined ? {} : { dir }),
    onEvent: (e) => {
      events.push(e);
      if (e.event === "step" && e.step === stopAt) stop.abort();
    },
  });
  return { result, events };
}

/** Stopped after `stopAt` steps, saved, loaded and trained to the end: nothing may differ in one bit. */
async function resumes(source: string, set: Record<string, BlockValue>, stopAt: number, backend: BackendName) {
  const whole = await made(source, set, backend);
  await trained(whole);
  const first = await made(source, set, backend);
  const dir = mkdtempSync(join(folder, "resume-"));
  const { result, events } = await trained(first, { dir, stopAt });
  expect(result).toMatchObject({ reason: "aborted", step: stopAt });
  expect(only(events, "saved").at(-1)).toEqual({ event: "saved", step: stopAt, dir });
  first.dispose();
  const second = await load(dir, { backend });
  const rest = await trained(second);
  expect(only(rest.events, "step")[0]?.step).toBe(stopAt + 1);
  expect([second.params(), second.progress]).toEqual([whole.params(), whole.progress]);
  expect(await second.evaluate()).toEqual(await whole.evaluate());
  whole.dispose();
  second.dispose();
}

const others = names.filter((name) => name !== "cpu");

describe("stopped, saved and loaded, a training ends with the same parameters, bit for bit", () => {
  const carried = { "train.steps": 12 };
  it.each<[string, string, Record<string, BlockValue>, number]>([
    ["contiguous text with carried state, in the middle of an epoch", story, carried, 5],
    ["contiguous text, at the end of an epoch", story, carried, 8],
    ["records in buckets", tags, { "train.epochs": 2, "train.evaluate": 4 }, 7],
    ["several batches a step", tags, { "train.epochs": 2, "train.accumulate": 2 }, 4],
    ["an optimiser of the spec's own, with states of all kinds", own, { "train.epochs": 2 }, 7],
    ["early stopping", tags, { "train.epochs": 3, "train.early_stop": 2, "train.evaluate": 2 }, 9],
  ])("%s", (_, source, set, stopAt) => resumes(source, set, stopAt, "cpu"));

  it.each(others)("on %s", (backend) => resumes(story, carried, 5, backend));

  // batches of a shape go over to a graph in the middle of it
  it.each(
    others
      .filter((name) => name === "tensorflow")
      .flatMap(
        (name) =>
          [
            [name, WARM - 3],
            [name, WARM + 3],
          ] as const,
      ),
  )("on %s, after %i steps", (backend, stopAt) => resumes(story, { "train.steps": WARM + 8 }, stopAt, backend));
});

describe("the training loop", () => {
  it("reports steps, epochs and evaluations in order, and ends with what comes first", async () => {
    const network = await made(tags, { "train.epochs": 2 });
    const { result, events } = await trained(network);
    expect(result).toMatchObject({ reason: "epochs", step: 12 });
    // 48 records in batches of 8
    expect(events.map((e) => e.event).join(" ")).toBe(
      [...Array(2)].map(() => `${"step ".repeat(6)}epoch evaluated`).join(" "),
    );
    const steps = only(events, "step");
    expect(steps.map((e) => e.step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(steps.map((e) => e.epoch)).toEqual(Array.from({ length: 12 }, (_, i) => Math.floor(i / 6)));
    expect(steps.every((e) => e.steps === 12 && e.grad_norm > 0 && e.lr === 0.05)).toBe(true);
    expect(steps[0]?.seconds_left).toBeNull();
    expect(steps.at(-1)?.seconds_left).toBe(0);
    expect(steps.at(-1)?.tokens_per_second).toBeGreaterThan(0);
    expect(steps.at(-1)?.accuracy).toBeGreaterThan(0.5);
    expect(result.valid).toEqual((await network.evaluate(null, { exactMatch: 0 })).scores);
    // called again, there is nothing left to do
    expect((await trained(network)).events).toEqual([]);
    network.dispose();
  });

  it("the loss of an epoch is the mean over its observations", async () => {
    const network = await made(tags, {
      "train.epochs": 1,
      "train.optimizer": { call: "sgd", args: [], named: { lr: 1e-12 } },
    });
    const { events } = await trained(network);
    const { scores } = await network.evaluate(null, { split: "train" });
    expect(only(events, "epoch")[0]?.loss).toBeCloseTo(scores.loss, 5);
    network.dispose();
  });

  it("steps end a training in the middle of an epoch; evaluations and checkpoints come every so many steps", async () => {
    const dir = join(folder, "every");
    const network = await made(story, { "train.steps": 7, "train.evaluate": 3, "train.checkpoint": 2 });
    const { result, events } = await trained(network, { dir });
    expect(result.reason).toBe("steps");
    expect(only(events, "evaluated").map((e) => e.step)).toEqual([3, 6]);
    expect(only(events, "saved").map((e) => e.step)).toEqual([2, 4, 6, 7]);
    expect(existsSync(join(dir, "best.safetensors"))).toBe(false);
    network.dispose();
  });

  it("the schedule runs over the whole training", async () => {
    const schedule = { call: "linear", args: [], named: { final: 0 } };
    const network = await made(tags, { "train.epochs": 2, "train.schedule": schedule });
    const rates = only((await trained(network)).events, "step").map((e) => e.lr);
    expect(rates).toEqual(rates.map((_, i) => 0.05 * (1 + (0 - 1) * Math.min(1, i / 11))));
    network.dispose();
  });

  it("early stopping ends after so many evaluations without a better loss and gives back the best parameters", async () => {
    // a rate at which the loss soon goes up and down
    const set = { "train.lr": 0.3, "train.evaluate": 1, "train.early_stop": 3, "train.epochs": 40 };
    const network = await made(tags, set);
    const { result, events } = await trained(network);
    const losses = only(events, "evaluated").map((e) => e.loss);
    const best = losses.indexOf(Math.min(...losses));
    expect(result.reason).toBe("early_stop");
    expect(losses.length - 1 - best).toBe(3);
    expect((await network.evaluate()).scores.loss).toBe(losses[best]);
    expect(network.progress.best).toEqual({ loss: losses[best], step: best + 1 });
    network.dispose();
  });

  it("the same seed gives the same training; another one another", async () => {
    const run = async (seed: number) => {
      const network = await instantiate(compiled(story, { "train.steps": 4 }), { backend: "cpu", seed });
      await network.fit();
      return network.params();
    };
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
  });

  it("a loss that is not finite ends training with its origin, and the parameters before it stay", async () => {
    const network = await made(story, { "train.lr": 1e38, "train.clip": 1e30, "train.steps": 6 });
    const run = trained(network);
    await expect(run).rejects.toBeInstanceOf(DivergedError);
    await run.catch((e: DivergedError) => {
      expect(e.exitCode).toBe(5);
      expect(e.step).toBe(network.progress.step);
      expect(e.origin?.value).toMatch(/^(h|c\.logp|c)/);
      expect(e.message).toMatch(/smaller learning rate/);
    });
    network.dispose();
  });
});
