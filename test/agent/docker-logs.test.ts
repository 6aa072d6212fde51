// Logs as Docker sends them: passed on as they come, however large they are and whatever they look like.
import { type RequestListener, createServer } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import Docker from 'dockerode'
import { expect, it } from 'vitest'
import { logsOf } from '../../src/agent/kubelet/runtime/docker/processes.ts'
import { temporaryFolder } from './support/node.ts'

const QUERY = { follow: false, timestamps: false }

/** An engine with one container. */
async function engineWith<T>(tty: boolean, logs: RequestListener, use: (engine: Docker) => Promise<T>): Promise<T> {
  const folder = temporaryFolder()
  const server = createServer((request, response) => {
    if (request.url?.includes('/logs?')) logs(request, response)
    else response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ Config: { Tty: tty } }))
  })
  const socketPath = join(folder.path, 'docker.sock')
  await new Promise<void>(resolve => server.listen(socketPath, resolve))
  try {
    return await use(new Docker({ socketPath }))
  } finally {
    server.closeAllConnections()
    server.close()
    folder.remove()
  }
}
const frame = (stream: number, line: string) => {
  const head = Buffer.alloc(8)
  head[0] = stream
  head.writeUInt32BE(line.length, 4)
  return Buffer.concat([head, Buffer.from(line)])
}

it('the beginning is there before the end is', async () => {
  let finish: () => void = () => undefined
  const logs: RequestListener = (_request, response) => {
    response.write(frame(1, 'first\n'))
    finish = () => response.end(frame(2, 'last\n'))
  }
  await engineWith(false, logs, async engine => {
    const stream = await logsOf(engine, 'c', QUERY)
    const first = await new Promise(resolve => stream.once('data', resolve))
    expect(String(first)).toBe('first\n')
    finish()
    expect(await text(stream)).toBe('last\n')
  })
})

it('what a terminal printed is text, also where it looks like an object', async () => {
  await engineWith(
    true,
    (_request, response) => void response.end('{"level":"info"}\n'),
    async engine => {
      expect(await text(await logsOf(engine, 'c', QUERY))).toBe('{"level":"info"}\n')
    },
  )
})

it('what is asked for is asked of Docker', async () => {
  let asked = ''
  const logs: RequestListener = ({ url = '' }, response) => {
    asked = url
    response.end()
  }
  await engineWith(false, logs, async engine => {
    await text(await logsOf(engine, 'c', { follow: true, timestamps: true, tailLines: 0, sinceSeconds: 1.5 }))
  })
  const query = Object.fromEntries(new URL(asked, 'http://docker').searchParams)
  expect(query).toEqual({ stdout: 'true', stderr: 'true', follow: 'true', timestamps: 'true', tail: '0', since: '1.5' })
})

it('what Docker refuses is told in its words', async () => {
  const logs: RequestListener = (_request, response) =>
    response
      .writeHead(500, { 'Content-Type': 'application/json' })
      .end('{"message":"configured logging driver does not support reading"}')
  await engineWith(false, logs, async engine => {
    await expect(logsOf(engine, 'c', QUERY)).rejects.toThrow('configured logging driver does not support reading')
  })
})

it('whoever goes away ends it', async () => {
  const stop = new AbortController()
  let isClosed = false
  const logs: RequestListener = (_request, response) => {
    response.write(frame(1, 'first\n'))
    response.on('close', () => (isClosed = true))
  }
  await engineWith(false, logs, async engine => {
    const stream = await logsOf(engine, 'c', { ...QUERY, follow: true, signal: stop.signal })
    await new Promise(resolve => stream.once('data', resolve))
    stop.abort()
    await expect(text(stream)).rejects.toThrow()
    await expect.poll(() => isClosed).toBe(true)
  })
})

it.each([1, 3, 9, 50, 1000])(
  'a line has one time, in however many parts Docker keeps it (%i bytes at once)',
  async size => {
    const at = (second: number) => `2026-01-01T00:00:0${second}.123456789Z `
    const bytes = Buffer.concat([
      frame(1, `${at(1)}out begins `),
      frame(2, `${at(2)}err begins `),
      frame(1, `${at(3)}and goes on `),
      frame(2, `${at(4)}and ends\n`),
      frame(1, `${at(5)}\n`),
      frame(1, `${at(6)}another\n`),
      frame(2, `${at(7)}last\n`),
    ])
    const logs: RequestListener = (_request, response) => {
      for (let from = 0; from < bytes.length; from += size) response.write(bytes.subarray(from, from + size))
      response.end()
    }
    await engineWith(false, logs, async engine => {
      expect(await text(await logsOf(engine, 'c', { ...QUERY, timestamps: true }))).toBe(
        `${at(1)}out begins ${at(2)}err begins and goes on and ends\n\n${at(6)}another\n${at(7)}last\n`,
      )
    })
  },
)
