// The images of lab hosts are what they are taken for: a machine with nothing of ours, and one that has Docker.
import { execFileSync } from 'node:child_process'
import { beforeAll, expect, test } from 'vitest'
import { type LabImages, labImages } from './image.ts'

/** Debootstrap fetches and unpacks a Debian, on a machine that is busy with other tests. */
const MAKING_MS = 900_000
let images: LabImages
beforeAll(async () => void (images = await labImages()), MAKING_MS)

const inside = (image: string, script: string): string =>
  execFileSync('docker', ['run', '--rm', '--network', 'none', image, 'sh', '-c', script], { encoding: 'utf8' }).trim()
const has = (...tools: string[]) => tools.map(tool => `command -v ${tool} >/dev/null && echo ${tool}`).join('; ')
const TOOLS = has('systemctl', 'sshd', 'sudo', 'nft', 'iptables', 'dockerd', 'conntrack')

test('one is a Debian with systemd and sshd alone, the other has Docker as well', () => {
  expect(inside(images.bare, `${TOOLS}; true`).split('\n')).toEqual(['systemctl', 'sshd', 'sudo', 'nft', 'iptables'])
  expect(inside(images.withDocker, TOOLS).split('\n').slice(-2)).toEqual(['dockerd', 'conntrack'])
})

test('machines made of them have keys and an identity of their own', () => {
  for (const image of [images.bare, images.withDocker])
    expect(inside(image, 'ls /etc/ssh | grep host_; cat /etc/machine-id')).toBe('')
})
