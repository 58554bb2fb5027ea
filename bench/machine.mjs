import { cpus, loadavg, totalmem, type } from "node:os";

/** Something else computes here, and threads that wait for one another (those of OpenMP above all) stand still with it. */
export const isBusy = ({ load, cores }) => load > cores / 2;

/** Where the figures come from. `load`: what else the machine was doing when the run began. */
export const machine = () => ({
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memory_gb: Math.round(totalmem() / 2 ** 30),
  system: type(),
  node: process.version,
  load: Number(loadavg()[0].toFixed(1)),
});
