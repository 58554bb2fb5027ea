/** `npm run demo`: from a fresh clone to a trained model that writes. Further arguments go to `recurve run`. */
import { setup } from "./setup.mjs";
import { at, run } from "./steps.mjs";

// Ctrl-C is for the training, which then saves and evaluates; this process waits for it.
process.on("SIGINT", () => {});

process.exitCode = (await setup())
  ? run(process.execPath, [at("bin", "recurve.js"), "run", "specs/moby-dick.rcv", ...process.argv.slice(2)])
  : 1;
