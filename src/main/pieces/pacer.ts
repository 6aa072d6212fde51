// Lets the event loop breathe inside long loops, and between the pieces of what takes long for the largest objects.
import { beginWork, turnFor } from './turns.ts'

/** Longest piece of work in one go. */
const SLICE_MS = 6
/** For pieces that cannot be cut: several of them may follow each other in a turn. */
const PIECE_MS = 3

export class Pacer {
  readonly #sliceMs: number
  readonly #work: ReturnType<typeof beginWork> | undefined
  #until: number

  /**
   * @param sliceMs how long others wait at most; less for what nobody waits for
   * @param isEndless of work that goes on as long as the program
   */
  constructor(sliceMs = SLICE_MS, isEndless = false) {
    this.#sliceMs = sliceMs
    this.#work = isEndless ? undefined : beginWork()
    this.#until = performance.now() + sliceMs
  }

  get due(): boolean {
    return performance.now() >= this.#until
  }

  async pause(): Promise<void> {
    await turnFor(this.#work)
    this.#until = performance.now() + this.#sliceMs
  }
}

/** @returns a pacer for what is done piece by piece, and rarely takes long */
export const pieceByPiece = (): Pacer => new Pacer(PIECE_MS)

/** @returns a pacer for what follows others as long as the program runs: it is not the oldest work for that */
export const endlessly = (): Pacer => new Pacer(PIECE_MS, true)

/** Work that yields between its pieces. */
export type Pieces<T> = Generator<void, T, void>

/** Others get their turn after a long piece. */
export function inTurns<T>(pieces: Pieces<T>, given?: Pacer): T | Promise<T> {
  let pacer = given
  for (;;) {
    const { done, value } = pieces.next()
    if (done) return value
    // Most of what is done in pieces is done with the first.
    pacer ??= pieceByPiece()
    if (pacer.due) return pacer.pause().then(() => inTurns(pieces, pacer))
  }
}

export function atOnce<T>(pieces: Pieces<T>): T {
  for (;;) {
    const { done, value } = pieces.next()
    if (done) return value
  }
}
