/** Cross-entropy and its gradient at once, from the softmax: log Z = max z − log max p. */
import type { Dtype, Kernel, Values } from "../memory.js";
import type { HostMemory } from "./host.js";

/** `softmax`: the backend's own, over rows. */
export function crossEntropy<H>(memory: HostMemory<H>, softmax: Kernel<H>, free: (h: H) => void): Kernel<H> {
  return (call) => {
    const [rows, n] = call.shapes[0] as unknown as [number, number];
    const probabilities = softmax({ ...call, shapes: [call.shapes[0] as readonly number[]], dtypes: ["float32"] });
    const data = (h: H, shape: readonly number[], dtype: Dtype): Values => memory.data(h, shape, dtype);
    return ([z, y]) => {
      const [p] = probabilities([z as H]) as [H];
      const loss = call.wanted[0] ? memory.alloc([rows], "float32") : undefined;
      const v = data(p, [rows, n], "float32");
      const logits = data(z as H, [rows, n], "float32");
      const tokens = data(y as H, [rows], "int32");
      if (loss !== undefined) {
        const out = data(loss, [rows], "float32");
        for (let r = 0; r < rows; r++) {
          let top = r * n;
          for (let k = r * n + 1; k < (r + 1) * n; k++) if ((logits[k] as number) > (logits[top] as number)) top = k;
          const own = logits[r * n + (tokens[r] as number)] as number;
          out[r] = (logits[top] as number) - Math.log(v[top] as number) - own;
        }
      }
      if (!call.wanted[1]) {
        free(p);
        return [loss, undefined];
      }
      for (let r = 0; r < rows; r++) {
        const k = r * n + (tokens[r] as number);
        v[k] = (v[k] as number) - 1;
      }
      return [loss, p];
    };
  };
}
