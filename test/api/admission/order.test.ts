// Which admission plugins are asked about a write, in what order, and what is waited for.
import { expect, test } from 'vitest'
import { AdmissionTimes } from '../../../src/main/apiserver/admission/admission-times.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../../../src/main/apiserver/admission/contract.ts'
import { admissionChain } from '../../../src/main/apiserver/endpoints/write/admission-chain.ts'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import { ConfigMap, Pod } from '../../../src/shared/api/core/v1.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'

function requestFor(plural: string, subresource = ''): AdmissionRequest {
  const resource = builtinResources.find(({ type }) => type.group === '' && type.plural === plural)
  if (!resource) throw new Error(`nothing serves ${plural}`)
  const names = { namespace: 'default', name: 'a' }
  const user = { name: 'somebody', groups: [] }
  return { operation: 'CREATE', resource, subresource, ...names, user, dryRun: false, warn: () => undefined }
}

/** Notes down what it is asked. */
const noting = (asked: string[], name: string, more: Partial<AdmissionPlugin> = {}): AdmissionPlugin => ({
  name,
  mutate: ({ resource, subresource }) => void asked.push(`${name} ${resource.type.plural}/${subresource}`),
  written: () => void asked.push(`${name} written`),
  settle: () => void asked.push(`${name} over`),
  ...more,
})

test('a plugin is asked about its kinds and their subresources, one without kinds about all', async () => {
  const asked: string[] = []
  const chain = admissionChain([noting(asked, 'Pods', { kinds: [Pod] }), noting(asked, 'All')])
  for (const request of [requestFor(Pod.plural, 'binding'), requestFor(ConfigMap.plural)]) {
    await chain.mutate(request)
    await chain.written(request, undefined)
    chain.settle(request)
  }
  expect(asked).toEqual([
    ...['Pods pods/binding', 'All pods/binding', 'Pods written', 'All written', 'Pods over', 'All over'],
    ...['All configmaps/', 'All written', 'All over'],
  ])
})

test('where no plugin waits, nobody waits for the plugins', () => {
  const chain = admissionChain([noting([], 'First', { validate: () => undefined })])
  const request = requestFor(Pod.plural)
  expect([chain.mutate(request), chain.validate(request), chain.written(request, undefined)]).toEqual(
    Array.from({ length: 3 }),
  )
})

test('a plugin that waits holds up those after it, and may have all asked once more', async () => {
  const asked: string[] = []
  let wants = true
  const waiting = async () => {
    await new Promise(resolve => setImmediate(resolve))
    asked.push('Waiting')
    return wants ? ((wants = false), 'again') : undefined
  }
  const chain = admissionChain([noting(asked, 'First'), { name: 'Waiting', mutate: waiting }, noting(asked, 'Last')])
  await chain.mutate(requestFor(Pod.plural))
  expect(asked).toEqual(['First pods/', 'Waiting', 'Last pods/', 'First pods/', 'Waiting', 'Last pods/'])
})

test.each([
  [
    'at once',
    () => {
      throw new Error('no')
    },
  ],
  ['later', () => Promise.reject(new Error('no'))],
])('who refuses %s ends the step, and is counted as having refused', async (_, validate) => {
  const asked: string[] = []
  const times = new AdmissionTimes(systemClock)
  const counted: string[] = []
  const begin = times.begin.bind(times)
  times.begin = (...step) => {
    const timing = begin(...step)
    const [done, refused] = [timing.done.bind(timing), timing.refused.bind(timing)]
    timing.done = name => (counted.push(`${name} done`), done(name))
    timing.refused = name => (counted.push(`${name} refused`), refused(name))
    return timing
  }
  const plugins = [{ name: 'First', validate: () => undefined }, { name: 'Picky', validate }, noting(asked, 'Last', { validate: () => void asked.push('Last') })] // prettier-ignore
  const chain = admissionChain(plugins, undefined, times)
  await expect(async () => chain.validate(requestFor(Pod.plural))).rejects.toThrow('no')
  expect(asked).toEqual([])
  expect(counted).toEqual(['First done', 'Picky refused'])
})
