import { Duplex } from 'node:stream'
import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { SpdyConnection, type SpdyStream } from '../../src/agent/api/streams/spdy.ts'
import { DICTIONARY, HeaderDecoder, HeaderEncoder } from '../../src/agent/api/streams/spdy-headers.ts'
import { eventually } from '../support/eventually.ts'
import { frame, pair, synStream } from './support/spdy.ts'

describe('SPDY header blocks', () => {
  it('use the dictionary that every SPDY/3 implementation has', () => {
    // A zlib stream with a preset dictionary carries the dictionary's checksum in bytes 2 to 5.
    expect(deflateSync('x', { dictionary: DICTIONARY }).subarray(2, 6).toString('hex')).toBe('e3c6a7c2')
  })
  it('decode what was encoded, block after block in one compression context', async () => {
    const [encoder, decoder] = [new HeaderEncoder(), new HeaderDecoder()]
    for (const value of ['one', 'two', 'two']) {
      const headers = new Map([
        ['streamtype', value],
        ['port', '80'],
      ])
      expect(await decoder.decode(await encoder.encode(headers))).toEqual(headers)
    }
  })
  it('reject bytes that are no block', async () => {
    await expect(new HeaderDecoder().decode(Buffer.from('garbage'))).rejects.toThrow()
  })
})

describe('a SPDY connection', () => {
  const open = () => {
    const [client, server] = pair()
    const streams: SpdyStream[] = []
    const connection = new SpdyConnection(server, stream => streams.push(stream))
    const done = connection.run()
    const received: Buffer[] = []
    client.on('data', (chunk: Buffer) => received.push(chunk))
    return { client, streams, connection, done, bytes: () => Buffer.concat(received), encoder: new HeaderEncoder() }
  }

  it('accepts streams, delivers their bytes and their end, even when frames are cut anywhere', async () => {
    const { client, streams, encoder, connection } = open()
    const bytes = Buffer.concat([
      await synStream(encoder, 1, [['streamtype', 'stdin']]),
      frame(1, 0, Buffer.from('hel')),
      frame(1, 1, Buffer.from('lo')),
    ])
    for (const byte of bytes) client.write(Buffer.from([byte]))
    await eventually(() => streams.length === 1)
    const chunks: Buffer[] = []
    for await (const chunk of streams[0]!) chunks.push(chunk as Buffer)
    expect(Buffer.concat(chunks).toString()).toBe('hello')
    expect(streams[0]!.headers.get('streamtype')).toBe('stdin')
    connection.close()
  })

  it('answers a ping with the same number', async () => {
    const { client, bytes, connection } = open()
    client.write(frame(0x80030006, 0, Buffer.from([0, 0, 0, 9])))
    await eventually(() => bytes().length === 12)
    expect(bytes().readUInt32BE(8)).toBe(9)
    connection.close()
  })

  it('ends every stream when the connection goes away', async () => {
    const { client, streams, encoder, done } = open()
    client.write(await synStream(encoder, 1, [['streamtype', 'data']]))
    await eventually(() => streams.length === 1)
    client.destroy()
    await done
    expect(streams[0]!.destroyed).toBe(true)
  })

  it('ends without cutting off what its client has not read yet', async () => {
    const { client, streams, encoder, connection, done, bytes } = open()
    client.write(await synStream(encoder, 1, [['streamtype', 'stdout']]))
    await eventually(() => streams.length === 1)
    client.pause()
    streams[0]!.end('last words')
    connection.end(60_000)
    expect(connection.closed.aborted).toBe(false)
    client.resume()
    await eventually(() => bytes().toString().includes('last words'))
    client.end()
    await done
    expect(connection.closed.aborted).toBe(true)
  })

  it('hands on data as it comes, however long its frame is to be', async () => {
    const { client, streams, encoder, connection } = open()
    client.write(await synStream(encoder, 1, [['streamtype', 'data']]))
    await eventually(() => streams.length === 1)
    const head = Buffer.alloc(8)
    head.writeUInt32BE(1)
    head.writeUIntBE(0xffffff, 5, 3)
    client.write(Buffer.concat([head, Buffer.from('begun')]))
    await eventually(() => expect(streams[0]!.read()?.toString()).toBe('begun'))
    connection.close()
  })

  it('holds only so much that nobody reads, however many streams it comes on, and goes on once somebody does', async () => {
    const { client, streams, encoder, connection } = open()
    const ids = Array.from({ length: 10 }, (_, i) => 2 * i + 1)
    for (const id of ids) client.write(await synStream(encoder, id, [['streamtype', 'data']]))
    await eventually(() => streams.length === ids.length)
    const part = Buffer.alloc(1024 * 1024)
    for (let round = 0; round < 3; round++) for (const id of ids) client.write(frame(id, 0, part))
    const held = () => streams.reduce((sum, { readableLength }) => sum + readableLength, 0)
    await eventually(() => held() >= 16 * part.length)
    await new Promise(resolve => setImmediate(resolve))
    expect(held()).toBe(16 * part.length)
    let read = 0
    for (const stream of streams) stream.on('data', (bytes: Buffer) => (read += bytes.length))
    await eventually(() => read === 30 * part.length)
    connection.close()
  })

  it('holds only so much memory where data comes byte by byte', async () => {
    const { client, streams, encoder, connection } = open()
    client.write(await synStream(encoder, 1, [['streamtype', 'data']]))
    await eventually(() => streams.length === 1)
    const bytes = Buffer.concat(Array.from({ length: 10_000 }, () => frame(1, 0, Buffer.from('x'))))
    for (let i = 0; i < 8; i++) client.write(bytes)
    await eventually(() => streams[0]!.readableLength > 10_000)
    for (let i = 0; i < 100; i++) await new Promise(resolve => setImmediate(resolve))
    expect(streams[0]!.readableLength).toBeLessThan(40_000)
    let read = 0
    streams[0]!.on('data', (chunk: Buffer) => (read += chunk.length))
    await eventually(() => read === 80_000)
    connection.close()
  })

  it('goes on once streams are read whose data has ended', async () => {
    const { client, streams, encoder, bytes, connection } = open()
    const ids = Array.from({ length: 7 }, (_, i) => 2 * i + 1)
    for (const id of ids) client.write(await synStream(encoder, id, [['streamtype', 'data']]))
    await eventually(() => streams.length === ids.length)
    const [first = 0, ...others] = ids
    for (const id of others) client.write(frame(id, 1, Buffer.alloc(10 << 18)))
    client.write(frame(first, 0, Buffer.alloc(6 << 18)))
    const ping = frame(0x80030006, 0, Buffer.from([0, 0, 0, 9]))
    client.write(ping)
    await eventually(() => streams[0]!.readableLength > 0)
    for (let i = 0; i < 100; i++) await new Promise(resolve => setImmediate(resolve))
    expect(bytes().includes(ping)).toBe(false)
    for (const stream of streams.slice(1)) stream.resume()
    await eventually(() => bytes().includes(ping))
    connection.close()
  })

  it('reads on only when its client has taken what it was told of streams that are refused', async () => {
    let isTaken = true
    const transport = new Duplex({
      read: () => undefined,
      write: (_bytes, _encoding, done) => void (isTaken && done()),
    })
    const streams: SpdyStream[] = []
    const connection = new SpdyConnection(transport, stream => streams.push(stream))
    void connection.run()
    const encoder = new HeaderEncoder()
    const starts: Buffer[] = []
    for (let i = 0; i < 1_100; i++) starts.push(await synStream(encoder, 2 * i + 1, [['streamtype', 'data']]))
    for (const start of starts.splice(0, 1_000)) transport.push(start)
    await eventually(() => streams.length === 1_000)
    isTaken = false
    for (const start of starts) transport.push(start)
    await eventually(() => transport.writableLength > 0)
    for (let i = 0; i < 100; i++) await new Promise(resolve => setImmediate(resolve))
    expect(transport.writableLength).toBe(16)
    connection.close()
  })

  it('refuses more streams than a session has use for, and goes on with those that it has', async () => {
    const { client, streams, encoder, bytes, connection } = open()
    for (let i = 0; i <= 1_000; i++) client.write(await synStream(encoder, 2 * i + 1, [['streamtype', 'data']]))
    const refused = Buffer.from('80030003000000080000 07d1 00000003'.replaceAll(' ', ''), 'hex')
    await eventually(() => bytes().includes(refused))
    expect(streams.length).toBe(1_000)
    client.write(frame(1, 0, Buffer.from('hello')))
    await eventually(() => expect(streams[0]!.read()?.toString()).toBe('hello'))
    // There is room again for one.
    streams[5]!.destroy()
    client.write(await synStream(encoder, 3_001, [['streamtype', 'data']]))
    await eventually(() => streams.length === 1_001)
    connection.close()
  })

  it('ends, with all streams, where one is opened twice', async () => {
    const { client, streams, encoder, done } = open()
    for (let i = 0; i < 2; i++) client.write(await synStream(encoder, 1, [['streamtype', 'data']]))
    await done
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([true])
  })

  it('closes on bytes that are no SPDY', async () => {
    const { client, done, connection } = open()
    client.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(4)))
    client.write(frame(0x80030001, 0, Buffer.from('0123456789not a header block')))
    client.end()
    client.destroy()
    await done
    expect(connection.closed.aborted).toBe(true)
  })
})
