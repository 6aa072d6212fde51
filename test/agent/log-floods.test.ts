// Logs that no reader was made for: lines of megabytes, one without an end, and many who follow at once, of whom some do
// not read.
import { Agent, get, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { TestNode } from './support/test-node.ts'

const LINE = 3_000_000
const FOLLOWERS = 60

let node: TestNode
const agents: Agent[] = []
beforeAll(async () => {
  node = await TestNode.start()
  await node.run('loud', {
    containers: [
      node.container(
        `head -c ${LINE} /dev/zero | tr '\\0' x; echo; echo last; trap exit TERM; sleep 100000 & wait`,
        'long',
      ),
      node.container('while :; do printf "%04000d" 7; sleep 0.05; done', 'endless'),
      node.container('n=0; while :; do n=$((n+1)); echo "line $n"; sleep 0.2; done', 'steady'),
    ],
  })
  await node.ready('loud')
})
afterAll(async () => {
  for (const agent of agents) agent.destroy()
  await node?.[Symbol.asyncDispose]()
})

function open(container: string, query = ''): Promise<IncomingMessage> {
  const agent = new Agent({ keepAlive: false })
  agents.push(agent)
  return new Promise((resolve, reject) => {
    get(`${node.kubeletUrl}/containerLogs/default/loud/${container}?x${query}`, { agent }, resolve).on('error', reject)
  })
}
async function whole(container: string, query = ''): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of await open(container, query)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

it('a line of megabytes comes whole', async () => {
  await eventually(async () => expect((await whole('long')).length).toBe(LINE + '\nlast\n'.length))
  expect((await whole('long')) === `${'x'.repeat(LINE)}\nlast\n`).toBe(true)
})

it('a line has one time, however long it is', async () => {
  const text = await whole('long', '&timestamps=true')
  const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z /
  const lines = text.split('\n').map(line => line.replace(time, ''))
  expect(lines.map(({ length }) => length)).toEqual([LINE, 'last'.length, 0])
})

it('many follow at once, some of whom do not read, and each of the others hears every line', async () => {
  const idle = await Promise.all(Array.from({ length: FOLLOWERS }, () => open('endless', '&follow=true')))
  const answers = await Promise.all(Array.from({ length: FOLLOWERS }, () => open('steady', '&follow=true&tailLines=1')))
  const heard = answers.map(answer => {
    const lines: string[] = []
    let rest = ''
    answer.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts)
    })
    return lines
  })
  await eventually(() => expect(Math.min(...heard.map(({ length }) => length))).toBeGreaterThan(10))
  for (const lines of heard) {
    const first = Number(lines[0]!.split(' ')[1])
    expect(lines).toEqual(lines.map((_line, i) => `line ${first + i}`))
  }
  expect(await whole('long', '&tailLines=1')).toBe('last\n')
  for (const answer of [...idle, ...answers]) answer.destroy()
})
