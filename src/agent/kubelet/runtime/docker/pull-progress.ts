// Sums up what Docker tells about the layers of a pull.
import type { PullProgress } from '../contract.ts'

/** One line of the stream of a pull. */
export interface PullLine {
  readonly id?: string
  readonly status?: string
  readonly error?: string
  readonly progressDetail?: { readonly current?: number; readonly total?: number }
}

export class LayerProgress {
  readonly #layers = new Map<string, PullProgress>()

  /** @returns how far the whole is; the sizes of layers become known one after the other */
  add({ id, status, progressDetail }: PullLine): PullProgress | undefined {
    if (id === undefined) return undefined
    const known = this.#layers.get(id)
    if (status === 'Downloading' && progressDetail?.total !== undefined)
      this.#layers.set(id, { doneBytes: progressDetail.current ?? 0, totalBytes: progressDetail.total })
    else if (known && (status === 'Download complete' || status === 'Pull complete'))
      this.#layers.set(id, { ...known, doneBytes: known.totalBytes })
    else return undefined
    const all = [...this.#layers.values()]
    const sum = (of: (layer: PullProgress) => number) => all.reduce((total, layer) => total + of(layer), 0)
    return { doneBytes: sum(layer => layer.doneBytes), totalBytes: sum(layer => layer.totalBytes) }
  }
}
