import { EventEmitter } from 'node:events'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { linkBytes } from '../../src/shared/machinery/link-bytes.ts'

/** A socket whose peer reads when it is told to. */
class SlowSocket extends EventEmitter {
  readonly written: Uint8Array[] = []
  writableLength = 0
  write(bytes: Uint8Array): boolean {
    this.written.push(bytes)
    this.writableLength += bytes.length
    return false
  }
  drain(): void {
    this.writableLength = 0
    this.emit('drain')
  }
  pause = () => undefined
  resume = () => undefined
  end = (done: () => void) => done()
  destroy = () => undefined
}

test('what is written beyond the bound waits for the peer, each time again, and nothing of it stays behind', () => {
  const socket = new SlowSocket()
  const bytes = linkBytes(socket, Duplex, () => undefined)
  const part = Buffer.alloc(64 << 20)
  for (let i = 0; i < 4; i++) bytes.write(part)
  for (let written = 1; written <= 4; written++) {
    expect(socket.written.length).toBe(written)
    socket.drain()
  }
})
