// The last lines that "Why?" looks at: read once for each run, of a few containers.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { computed } from 'vue'
import { useLastLines } from '@/why/last-lines.ts'
import { Pod } from '../../../src/shared/api/core/v1.ts'
import { eventually } from '../../support/eventually.ts'

let asked: string[]
let answers: string[]
beforeEach(() => {
  asked = []
  answers = []
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(new URL(url, 'https://cluster.test').pathname + (url.includes('previous') ? ' previous' : ''))
    const text = answers.shift()
    return Promise.resolve(text === undefined ? new Response('', { status: 404 }) : new Response(text))
  })
})
afterEach(() => vi.unstubAllGlobals())
const log = (name: string, previous = true) => ({
  pod: { type: Pod, namespace: 'shop', name },
  container: 'main',
  previous,
})

it('are nothing at first, then what was written, without anything that steers a terminal', async () => {
  answers = ['\u001b[31mno queue\u001b[0m\n\nbye\n']
  const linesOf = useLastLines()
  const lines = computed(() => linesOf(log('web-1'), 1))
  expect(lines.value).toEqual([])
  await eventually(() => expect(lines.value).toEqual(['no queue', 'bye']))
  expect(asked).toEqual(['/api/v1/namespaces/shop/pods/web-1/log previous'])
})

it('are read anew for another run, and stay until they are', async () => {
  answers = ['one', 'two']
  const linesOf = useLastLines()
  linesOf(log('web-1'), 1)
  await eventually(() => expect(linesOf(log('web-1'), 1)).toEqual(['one']))
  expect(linesOf(log('web-1'), 2)).toEqual(['one'])
  await eventually(() => expect(linesOf(log('web-1'), 2)).toEqual(['two']))
  expect(asked).toHaveLength(2)
})

it('are read of a few containers alone, and are none where there is no answer', async () => {
  const linesOf = useLastLines()
  for (let pod = 0; pod < 50; pod++) linesOf(log(`web-${pod}`), 1)
  await eventually(() => expect(asked).toHaveLength(8))
  expect(linesOf(log('web-0'), 1)).toEqual([])
})
