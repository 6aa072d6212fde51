// What the kernel's log says of containers that it killed for memory.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { killedForMemory } from '../../src/agent/kubelet/runtime/docker/oom-kills.ts'
import { temporaryFolder } from './support/node.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())
const id = (digit: string) => digit.repeat(64)
const record = (cgroup: string) =>
  `6,2210,73527841258,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/other/${id('f')},task_memcg=${cgroup},task=sh,pid=7,uid=0`

it('are those in whose cgroup the victim was, as either driver names it', async () => {
  const log = join(folder.path, 'kmsg')
  const lines = [
    record(`/flotilla/pod1/${id('a')}`),
    record(`/kubepods.slice/kubepods-pod1.slice/docker-${id('b')}.scope`),
    record('/user.slice'),
    `6,2211,73527841300,-;somebody wrote oom-kill: task_memcg=/docker/${id('c')}`,
  ]
  writeFileSync(log, `${lines.join('\n')}\n`)
  expect([...(await killedForMemory(log))]).toEqual([id('a'), id('b')])
})

it('are not known where there is no such log', async () => {
  await expect(killedForMemory(join(folder.path, 'none'))).rejects.toThrow('ENOENT')
})
