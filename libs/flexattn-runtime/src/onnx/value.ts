/** Name of a value inside a graph: a node's output, an initialiser or an input. */
export type Value = string;
