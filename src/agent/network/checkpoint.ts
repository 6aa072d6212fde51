// Keeps the last known Services, EndpointSlices and Nodes on the node's disk.
import { type Clock } from '../../shared/machinery/clock.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { ClusterSnapshot, ClusterView } from './cluster-view.ts'
import { readState, writeState } from './state-file.ts'

export interface CheckpointOptions {
  readonly path: string
  readonly view: ClusterView
  readonly clock: Clock
  readonly log: Log
}

/** Changes within this time share one write. */
const WRITE_DELAY_MS = 2_000

export class Checkpoint implements AsyncDisposable {
  readonly #options: CheckpointOptions
  readonly #forget: () => void
  #cancel: (() => void) | undefined
  #writing: Promise<void> = Promise.resolve()

  /** Restores the view at once, then follows it. */
  constructor(options: CheckpointOptions) {
    this.#options = options
    const saved = readState(options.path)
    if (isSnapshot(saved)) options.view.restore(saved)
    const changed = () => this.#schedule()
    this.#forget = options.view.on({ service: changed, node: changed })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#forget()
    if (this.#cancel) {
      this.#cancel()
      this.#cancel = undefined
      this.#write()
    }
    await this.#writing
  }

  #schedule(): void {
    this.#cancel ??= this.#options.clock.after(WRITE_DELAY_MS, () => {
      this.#cancel = undefined
      this.#write()
    })
  }

  #write(): void {
    const { path, view, log } = this.#options
    this.#writing = this.#writing
      .then(() => writeState(path, JSON.stringify(snapshotOf(view))))
      .catch((error: unknown) => log.warn({ err: error, path }, 'cannot save what the network knows of the cluster'))
  }
}

function snapshotOf(view: ClusterView): ClusterSnapshot {
  return {
    services: [...view.services.values()].map(slim),
    slices: [...view.slices.values()].map(slim),
    nodes: [...view.nodes.values()].map(({ apiVersion, kind, metadata, spec, status: { addresses } }) => ({
      apiVersion,
      kind,
      metadata: slim({ apiVersion, kind, metadata }).metadata,
      spec,
      status: addresses ? { addresses } : {},
    })),
  }
}

/** Without what only other readers care for. */
function slim<T extends KubeObject>(object: T): T {
  const { managedFields: _managed, annotations: _annotations, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** The file is our own; this tells it from a damaged or older one. */
function isSnapshot(value: unknown): value is ClusterSnapshot {
  const snapshot = value as Partial<ClusterSnapshot> | undefined
  return Array.isArray(snapshot?.services) && Array.isArray(snapshot.slices) && Array.isArray(snapshot.nodes)
}
