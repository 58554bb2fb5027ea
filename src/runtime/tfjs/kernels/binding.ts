/** What is used of tfjs-node's native binding. */
export interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_STRING: number;
  createTensor(shape: number[], dtype: number, values: Float32Array | Int32Array | Uint8Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  getNumOfTensors(): number;
  executeOp(name: string, attrs: readonly OpAttr[], inputs: readonly number[], outputs: number): { id: number }[];
  loadSavedModel(folder: string, tags: string): number;
  /** `inputs`: `node:0,…` as many as `ids`. */
  runSavedModel(model: number, ids: readonly number[], inputs: string, outputs: string): { id: number }[];
  deleteSavedModel(model: number): void;
}

export interface OpAttr {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}
