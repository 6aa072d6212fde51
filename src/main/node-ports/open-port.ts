// A port of the loopback that is open, whichever protocol it speaks.
import type { Duplex } from 'node:stream'
import type { Clock } from '../../shared/machinery/clock.ts'

export interface OpenPort {
  /** Ends what goes over it. */
  close(): Promise<void>
}

export interface OpenPortOptions {
  readonly port: number
  readonly clock: Clock
  /** @returns a stream to the node port of a node; undefined where none of those tried is reached */
  readonly dial: () => Promise<Duplex | undefined>
}

export const HOST = '127.0.0.1'
