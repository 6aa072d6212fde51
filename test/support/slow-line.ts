// A line that is as slow as a test says.
import { type Duplex, Transform } from 'node:stream'

/** Bytes pass while there is room: as much as a slow line carries in the time that a test says has gone by. */
export class SlowLine {
  #room = 0
  #isSlow = false
  #goOn: () => void = () => undefined
  readonly #stream = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      const pass = () => {
        if (this.#isSlow && this.#room <= 0) return void (this.#goOn = pass)
        this.#goOn = () => undefined
        this.#room -= chunk.length
        done(null, chunk)
      }
      pass()
    },
  })
  get stream(): Duplex {
    return this.#stream
  }
  get isUsedUp(): boolean {
    return this.#room <= 0
  }
  slow(): void {
    this.#isSlow = true
    this.#room = 0
  }
  let(bytes: number): void {
    this.#room += bytes
    this.#goOn()
  }
}
