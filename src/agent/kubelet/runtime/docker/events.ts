// Docker's event stream, reduced to what happens to containers of ours.
import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { decodeLines } from '../../../../shared/client/decode-lines.ts'
import type { RuntimeEvent } from '../contract.ts'
import { docker } from './errors.ts'
import { LABEL } from './labels.ts'

interface DockerEvent {
  readonly Action: string
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
}

const KINDS: Readonly<Record<string, RuntimeEvent['kind']>> = { start: 'started', die: 'died', destroy: 'removed' }

/** @param onOpen called when the stream is open: whatever happened before it may have been missed */
export async function* readEvents(
  engine: Docker,
  instance: string,
  signal: AbortSignal,
  onOpen: () => void,
): AsyncGenerator<RuntimeEvent> {
  const stream = (await docker(() =>
    engine.getEvents({
      abortSignal: signal,
      filters: {
        type: ['container'],
        event: ['start', 'die', 'destroy', 'oom', 'rename', 'pause', 'unpause'],
        label: [`${LABEL.instance}=${instance}`],
      },
    }),
  )) as Readable
  onOpen()
  const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const reader = {
    async read() {
      const { done, value } = await iterator.next()
      return done ? { done: true } : { done: false, value: new Uint8Array(value) }
    },
    cancel: () => Promise.resolve(void stream.destroy()),
  }
  try {
    for await (const line of decodeLines(reader)) {
      const { Action, Actor } = JSON.parse(line) as DockerEvent
      yield {
        podUid: Actor.Attributes[LABEL.podUid] ?? '',
        containerId: Actor.ID,
        kind: KINDS[Action] ?? 'other',
      }
    }
  } finally {
    stream.destroy()
  }
}
