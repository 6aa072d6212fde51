// What a pod leaves on the disk is deleted; what is mounted in it, without anybody having looked, is not the pod's.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { removeTree } from '../../src/agent/kubelet/volumes/remove-tree.ts'

function scratch(): { readonly podDir: string; readonly elsewhere: string } {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-remove-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const [podDir, elsewhere] = [join(folder, 'pod'), join(folder, 'elsewhere')]
  for (const path of [join(podDir, 'volumes', 'data', 'deep'), elsewhere]) mkdirSync(path, { recursive: true })
  writeFileSync(join(elsewhere, 'file'), 'kept')
  return { podDir, elsewhere }
}

test('folders, files and links go; what links lead to stays', async () => {
  const { podDir, elsewhere } = scratch()
  writeFileSync(join(podDir, 'volumes', 'data', 'deep', 'file'), '')
  symlinkSync(elsewhere, join(podDir, 'volumes', 'data', 'link'))
  await removeTree(podDir)
  expect(existsSync(podDir)).toBe(false)
  expect(readFileSync(join(elsewhere, 'file'), 'utf8')).toBe('kept')
})

test('what a driver has mounted late is not emptied, though it is of the same disk', async () => {
  const { podDir, elsewhere } = scratch()
  const place = join(podDir, 'volumes', 'data')
  execFileSync('mount', ['--bind', elsewhere, place])
  onTestFinished(() => void execFileSync('umount', ['-l', place]))
  await expect(removeTree(podDir)).rejects.toThrow(`${podDir} is not deleted: something is mounted on ${place}`)
  expect(readFileSync(join(elsewhere, 'file'), 'utf8')).toBe('kept')
})
