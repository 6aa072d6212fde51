// How far a long operation is.
export interface Progress {
  /** What is being done, in one word or two. */
  readonly phase: string
  readonly done: number
  /** Undefined when it is not known. */
  readonly total?: number
}
