// Logs and terminals: lines, the exec protocol, and the end of a session.
import { describe, expect, it, vi } from 'vitest'
import { type StreamSocket, connection } from '@/api/connection.ts'
import { frame, openSession, readExitStatus } from '@/dock/exec-session.ts'
import { LogBuffer } from '@/dock/log-buffer.ts'
import { rangeOf } from '@/dock/log-range.ts'
import { LogSelection } from '@/dock/log-selection.ts'
import { levelOfLine, splitTimestamp } from '@/dock/log-text.ts'
import { plainText } from '@/plain-text.ts'

const line = (time: string, text: string, source = 's') => ({ source, time, text })
const texts = (buffer: LogBuffer) => [...buffer].map(({ text }) => text)

describe('LogBuffer', () => {
  it('keeps the newest lines in order once it is full, under the positions they always had', () => {
    const buffer = new LogBuffer(3)
    for (let index = 0; index < 8; index++) buffer.add([line('', `line ${index}`)])
    expect(texts(buffer)).toEqual(['line 5', 'line 6', 'line 7'])
    expect([buffer.first, buffer.end, buffer.length]).toEqual([5, 8, 3])
    expect([buffer.at(4), buffer.at(6)?.text]).toEqual([undefined, 'line 6'])
  })
  it('puts lines of several logs where their times say, and tells from where on it changed', () => {
    const buffer = new LogBuffer()
    buffer.add([line('2026-01-02T03:04:05.1Z', 'a1', 'a'), line('2026-01-02T03:04:05.5Z', 'a2', 'a')])
    const changed = buffer.add([line('2026-01-02T03:04:06Z', 'b2', 'b'), line('2026-01-02T03:04:05.12Z', 'b1', 'b')])
    expect(texts(buffer)).toEqual(['a1', 'b1', 'a2', 'b2'])
    expect(changed).toBe(1)
    expect(buffer.add([line('2026-01-02T03:04:06Z', 'a3', 'a')])).toBe(4)
  })
  it('keeps lines of the same moment in the order in which they came', () => {
    const buffer = new LogBuffer()
    buffer.add([line('2026-01-02T03:04:05Z', '1'), line('2026-01-02T03:04:05Z', '2')])
    buffer.add([line('2026-01-02T03:04:05Z', '3')])
    expect(texts(buffer)).toEqual(['1', '2', '3'])
  })
  it('is empty after clear(), and fills again', () => {
    const buffer = new LogBuffer(2)
    buffer.add(['a', 'b', 'c'].map(text => line('', text)))
    buffer.clear()
    expect(buffer.length).toBe(0)
    buffer.add([line('', 'd')])
    expect(texts(buffer)).toEqual(['d'])
  })
})

describe('LogSelection', () => {
  const odd = ({ text }: { text: string }) => Number(text) % 2 === 1
  const selected = (selection: LogSelection, buffer: LogBuffer) =>
    Array.from({ length: selection.count }, (_, index) => buffer.at(selection.positionAt(index))?.text)

  it('has those that pass, also after lines came in between and others fell out', () => {
    const buffer = new LogBuffer(4)
    const selection = new LogSelection(buffer)
    selection.use(odd)
    const add = (...lines: ReturnType<typeof line>[]) => {
      selection.changed(buffer.add(lines))
      selection.refresh()
    }
    add(line('2026-01-01T00:00:01Z', '1'), line('2026-01-01T00:00:03Z', '3'))
    add(line('2026-01-01T00:00:02Z', '2'), line('2026-01-01T00:00:02.5Z', '5'))
    expect(selected(selection, buffer)).toEqual(['1', '5', '3'])
    expect(selection.indexOf(selection.positionAt(2))).toBe(2)
    add(line('2026-01-01T00:00:04Z', '4'), line('2026-01-01T00:00:07Z', '7'))
    expect(selected(selection, buffer)).toEqual(['5', '3', '7'])
  })
  it('tests each line once, however often it is asked', () => {
    const buffer = new LogBuffer()
    const selection = new LogSelection(buffer)
    let tested = 0
    selection.use(() => ++tested > 0)
    for (let index = 0; index < 100; index++) {
      selection.changed(buffer.add([line('', String(index))]))
      selection.refresh()
    }
    expect([tested, selection.count]).toEqual([100, 100])
  })
})

describe('log lines', () => {
  it('are split into the kubelet’s time and the text', () =>
    expect(splitTimestamp('2026-01-02T03:04:05.678901234Z hello there')).toEqual({
      time: '2026-01-02T03:04:05.678901234Z',
      text: 'hello there',
    }))
  it('without a time are text as they are', () =>
    expect(splitTimestamp('hello there')).toEqual({ time: '', text: 'hello there' }))
  it.each([
    ['colours and cursor movements', '\u001b[31mred\u001b[0m \u001b[2J\u009b1mend', 'red end'],
    ['titles, links and clipboards', 'a\u001b]0;title\u0007b\u001b]8;;https://evil\u001b\\c\u001b]52;c;aGk=', 'abc'],
    ['bells, backspaces and returns', 'pass\b\b\b\u0007word\r', 'password'],
    ['characters that turn the direction of writing', 'user\u202etxt.exe', 'user\ufffdtxt.exe'],
    ['nothing else', 'tab\tünïcode 船 {}', 'tab\tünïcode 船 {}'],
  ])('lose %s', (_what, given, wanted) => expect(plainText(given)).toBe(wanted))

  it.each([
    ['E0102 03:04:05.678901       1 main.go:12] failed', 'error'],
    ['{"level":50,"msg":"no queue"}', 'error'],
    ['{"severity":"WARNING","message":"slow"}', 'warning'],
    ['time="2026" level=info msg="an error was avoided"', 'info'],
    ['2026/01/02 03:04:05 [warn] 7#7: low', 'warning'],
    ['2026-01-02 DEBUG worker: x', 'debug'],
    ['panic: ERROR in main', 'error'],
    ['GET /errors 200', undefined],
    ['count 7 from box', undefined],
  ])('say how serious they are: %s', (text, level) => expect(levelOfLine(text)).toBe(level))
})

describe('the range of time', () => {
  const now = Date.parse('2026-01-02T03:00:00Z')
  it('is the newest lines at first', () => expect(rangeOf('newest', '', '', now)).toEqual({}))
  it('reaches back from now', () => expect(rangeOf('30m', '', '', now)).toEqual({ since: '2026-01-02T02:30:00.000Z' }))
  it('reaches from the start', () => expect(rangeOf('all', '', '', now).since).toBe('1970-01-01T00:00:00.000Z'))
  it('has two ends when they are given, and takes what is half-typed for no limit', () => {
    expect(rangeOf('between', '2026-01-02T01:00:00Z', '2026-01-02T02:00:00Z', now)).toEqual({
      since: '2026-01-02T01:00:00.000Z',
      until: '2026-01-02T02:00:00.000Z',
    })
    expect(rangeOf('between', 'soon', '', now)).toEqual({ since: '1970-01-01T00:00:00.000Z' })
  })
})

describe('exec', () => {
  it('puts the channel before the data', () => expect([...frame(4, new Uint8Array([7, 8]))]).toEqual([4, 7, 8]))
  it('reads the exit code out of the last Status', () => {
    const status = {
      status: 'Failure',
      message: 'command terminated with exit code 130',
      details: { causes: [{ reason: 'ExitCode', message: '130' }] },
    }
    expect(readExitStatus(JSON.stringify(status))).toMatchObject({ exitCode: 130 })
    expect(readExitStatus('{"status":"Success"}').exitCode).toBe(0)
    expect(readExitStatus('gone')).toEqual({ message: 'gone', exitCode: undefined })
  })
})

describe('a session', () => {
  it('loses nothing that is typed before it is open', async () => {
    const sent: Uint8Array[] = []
    const stream: StreamSocket = {
      onopen: undefined,
      onmessage: undefined,
      onclose: undefined,
      send: data => Promise.resolve(void sent.push(data)),
      close: () => undefined,
    }
    vi.spyOn(connection, 'openStream').mockReturnValue(stream)
    const session = openSession(
      { namespace: 'shop', pod: 'web', container: 'main' },
      ['sh'],
      { stdin: true, tty: true },
      {
        onOpen: () => session.resize(80, 24),
        onOutput: () => undefined,
        onEnd: () => undefined,
      },
    )
    const type = (text: string) => session.write(new TextEncoder().encode(text))
    await type('rm ')
    await type('-i ')
    expect(sent).toEqual([])
    stream.onopen?.('v5.channel.k8s.io')
    await type('x')
    const told = sent.map(([channel = 0, ...data]) => [channel, new TextDecoder().decode(new Uint8Array(data))])
    expect(told).toEqual([
      [4, '{"Width":80,"Height":24}'],
      [0, 'rm '],
      [0, '-i '],
      [0, 'x'],
    ])
    vi.restoreAllMocks()
  })
})
