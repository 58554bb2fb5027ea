import { it } from "vitest";
import { readFileSync } from "node:fs";
import { networkOf, subject, feedsOf } from "./harness.js";
import { loadGraph, run, use } from "./tfjs.js";
it("x", async () => {
  const n = await networkOf(readFileSync("specs/moby-dick.rcv","utf8"), "specs/moby-dick.rcv");
    const s = await subject(n, "/tmp/dbgexp", { values: ["lstm.i"] });
    await use("cpu");
    const g = await loadGraph(s.dir, "model.json");
    for (const [k, w] of Object.entries(g.weights)) console.log(k, w[0]!.shape, w[0]!.dataSync().slice(0,4));
    console.log(n.params()["lstm.W"]!.data.slice(0,4), n.params()["lstm.U"]!.data.slice(0,4));
    const got = run(g, feedsOf(s, s.exported.graphs[0]!.about.inputs), ["ops/n34", "ops/n35", "ops/n36", "ops/n45"]);
    console.log(got);
});
