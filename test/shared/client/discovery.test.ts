// Which version of a group's kinds is their own.
import { expect, test } from 'vitest'
import type { Client } from '../../../src/shared/client/client.ts'
import { discover, discoverResource } from '../../../src/shared/client/discovery.ts'

const versions = ['v2', 'v1', 'v0'].map(version => ({ groupVersion: `kitchen.example.com/${version}`, version }))
/** The preferred version need not be the first. */
const group = { name: 'kitchen.example.com', preferredVersion: versions[1], versions }
const listed = (...names: string[]) => ({
  resources: names.map(name => ({ name, kind: name, namespaced: true, verbs: ['list'] })),
})
const answers = {
  '/apis': { groups: [group] },
  '/api/v1': listed('pods', 'pods/status'),
  '/apis/kitchen.example.com': group,
  '/apis/kitchen.example.com/v2': listed('recipes', 'cakes'),
  '/apis/kitchen.example.com/v1': listed('recipes'),
  '/apis/kitchen.example.com/v0': listed('cakes', 'spoons'),
}

/** Paths that are away fail. */
function serverWithout(...away: string[]) {
  const asked: string[] = []
  const raw = (_method: string, path: string) => {
    asked.push(path)
    if (away.includes(path)) return Promise.reject(new Error(`${path} is away`))
    return Promise.resolve(answers[path as keyof typeof answers])
  }
  return { client: { raw } as unknown as Client, asked }
}
const found = async (client: Client) => {
  const { resources, failures } = await discover(client)
  return { kinds: resources.map(({ version, plural }) => `${plural} ${version}`), failures: [...failures.keys()] }
}

test('a kind is of the preferred version, or of the next one that has it', async () => {
  const { client } = serverWithout()
  expect(await found(client)).toEqual({ kinds: ['pods v1', 'recipes v1', 'cakes v2', 'spoons v0'], failures: [] })
})

test('what comes after a version that cannot be asked is not known', async () => {
  const { client } = serverWithout('/apis/kitchen.example.com/v2')
  expect(await found(client)).toEqual({ kinds: ['pods v1', 'recipes v1'], failures: ['kitchen.example.com/v2'] })
})

test('for one kind no version is asked after the one that has it, and none that is away passes for one without it', async () => {
  const { client, asked } = serverWithout('/apis/kitchen.example.com/v2', '/apis/kitchen.example.com/v0')
  expect(await discoverResource(client, 'kitchen.example.com', 'recipes')).toMatchObject({ version: 'v1' })
  expect(asked).toEqual(['/apis/kitchen.example.com', '/apis/kitchen.example.com/v1'])
  await expect(discoverResource(client, 'kitchen.example.com', 'spoons')).rejects.toThrow('is away')
  expect(await discoverResource(client, '', 'pods')).toMatchObject({ group: '', version: 'v1' })
  expect(await discoverResource(client, '', 'recipes')).toBeUndefined()
})
