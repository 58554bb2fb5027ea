import { readFileSync } from "node:fs";

/** Why the native engine cannot be built on this kind of machine; undefined if it can. */
export function supported(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `Recurve builds it on Linux x64 only, this is ${process.platform} ${process.arch}`;
  }
  const glibc = glibcVersion();
  if (glibc === undefined) return "libtensorflow needs glibc, this system has another C library";
  if (newer([2, 27], glibc)) return `libtensorflow needs glibc 2.27 or newer, this system has ${glibc.join(".")}`;
  const flags = /^flags\s*:(.*)$/m.exec(readIfThere("/proc/cpuinfo"))?.[1];
  if (flags !== undefined && !/\bavx\b/.test(flags)) return "libtensorflow needs a CPU with AVX";
  return undefined;
}

function glibcVersion(): number[] | undefined {
  // Without this the report looks up the names of all open connections.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime?.split(".").map(Number);
}

function newer(a: readonly number[], b: readonly number[]): boolean {
  const [major, minor] = [a[0]! - b[0]!, (a[1] ?? 0) - (b[1] ?? 0)];
  return major > 0 || (major === 0 && minor > 0);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
