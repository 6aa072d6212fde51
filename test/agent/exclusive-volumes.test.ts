// Who has the volumes that one pod alone may use.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { PersistentVolume } from '../../src/shared/api/core/v1.ts'
import { letGo, takeAlone } from '../../src/agent/kubelet/volumes/exclusive.ts'

const volume = (name: string) =>
  ({ metadata: { name }, spec: { accessModes: ['ReadWriteOncePod'] } }) as unknown as PersistentVolume
const podDirOf = (dataDir: string, uid: string) => join(dataDir, 'pods', uid)

function machine(...pods: string[]) {
  const dataDir = mkdtempSync(join(tmpdir(), 'flotilla-exclusive-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true }))
  for (const uid of pods) mkdirSync(podDirOf(dataDir, uid), { recursive: true })
  const take = async (name: string, uid: string) => Promise.resolve(takeAlone(volume(name), { dataDir, uid, podDirOf }))
  return { dataDir, take }
}
const statuses = async (all: Promise<void>[]) => (await Promise.allSettled(all)).map(({ status }) => status).sort()

test('a pod that has a volume twice has it', async () => {
  const { take } = machine('a')
  expect(await statuses([take('data', 'a'), take('data', 'a')])).toEqual(['fulfilled', 'fulfilled'])
})

test('of pods that come for what a third one left, one has it', async () => {
  const { take } = machine('a', 'b', 'c')
  await take('data', 'gone')
  const all = ['a', 'b', 'c'].map(uid => take('data', uid))
  expect(await statuses(all)).toEqual(['fulfilled', 'rejected', 'rejected'])
})

test('a file that an agent left empty as it was killed keeps nobody out', async () => {
  const { dataDir, take } = machine('a', 'b')
  await take('data', 'a')
  writeFileSync(join(dataDir, 'exclusive-volumes', 'data.json'), '')
  await take('data', 'b')
  await expect(take('data', 'a')).rejects.toThrow('is already in use by another pod')
})

test('pods that end at once let go of their own', async () => {
  const pods = Array.from({ length: 20 }, (_, i) => `pod-${i}`)
  const { dataDir, take } = machine(...pods, 'next')
  for (const uid of pods) await take(uid, uid)
  const letAllGo = pods.slice(1).map(async uid => Promise.resolve(letGo(dataDir, uid)))
  expect(new Set(await statuses(letAllGo))).toEqual(new Set(['fulfilled']))
  await take('pod-1', 'next')
  await expect(take('pod-0', 'next')).rejects.toThrow('is already in use by another pod')
})
