// The host's interfaces (`wit/`) as componentize-qjs gives them to a component: records are objects, 64-bit numbers are
// numbers, `none` is null.

declare module "wasmill:dataflow/state@0.1.0" {
  type H = import("./host.js").Host;
  export const getMany: H["getMany"];
  export const putMany: H["putMany"];
  export const deleteMany: H["deleteMany"];
  export const appendMany: H["appendMany"];
  export const scan: H["scan"];
  export const clearKey: H["clearKey"];
  export const get: H["get"];
}

declare module "wasmill:dataflow/timers@0.1.0" {
  type H = import("./host.js").Host;
  export const register: H["registerTimers"];
  const remove: H["deleteTimers"];
  export { remove as delete };
}

declare module "wasmill:dataflow/output@0.1.0" {
  export const emit: import("./host.js").Host["emit"];
}

declare module "wasmill:dataflow/watermarks@0.1.0" {
  export const observe: import("./host.js").Host["observe"];
}

declare module "wasmill:dataflow/metrics@0.1.0" {
  interface Increment {
    operator: number;
    name: string;
    amount: number;
  }
  export function count(increments: Increment[]): void;
  export function mark(increments: Increment[]): void;
  export function set(readings: { operator: number; name: string; value: number }[]): void;
  export function sample(samples: { operator: number; name: string; values: number[] }[]): void;
}

declare module "wasmill:dataflow/log@0.1.0" {
  export const write: import("./host.js").Host["log"];
}

declare module "wasmill:dataflow/files@0.1.0" {
  type F = import("./host.js").HostFiles;
  export const append: F["append"];
  export const sync: F["sync"];
  export const rename: F["rename"];
  export const size: F["size"];
  export const read: F["read"];
  export const remove: F["remove"];
  export const list: F["list"];
}

declare module "wasmill:dataflow/cached-files@0.1.0" {
  type C = import("./host.js").HostCachedFiles;
  export const size: C["size"];
  export const read: C["read"];
}
