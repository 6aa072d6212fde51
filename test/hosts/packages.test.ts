// A host without Docker and nft, closed by iptables, whose packages have to come first: no way to them, a connection that
// is cut while they are installed, a clock that is an hour late and nobody to set it, and all of it undone.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HostOperationStatus } from '../../src/shared/api/flotilla/v1.ts'
import { eventually } from '../support/eventually.ts'
import { HostLab, type LabHost } from './lab/lab.ts'
import { HostsControlPlane } from './support/control-plane.ts'

/** Packages come from far away, and are installed on a busy machine. */
const LONG_MS = 600_000
let lab: HostLab
let host: LabHost
let plane: HostsControlPlane
let before: string
/** Rules as people give a server that they rent. */
const CLOSED = 'iptables -A INPUT -i lo -j ACCEPT; iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT; iptables -A INPUT -p tcp --dport 22 -j ACCEPT; iptables -P INPUT DROP; iptables -P FORWARD DROP' // prettier-ignore

beforeAll(async () => {
  lab = await HostLab.start()
  host = await lab.host('bare', { docker: false })
  host.sh(`apt-get -qq purge nftables; ${CLOSED}`)
  plane = await HostsControlPlane.start(lab, [host])
  await plane.addHost(host)
  before = picture()
})
afterAll(async () => {
  await plane?.[Symbol.asyncDispose]()
  await lab?.[Symbol.asyncDispose]()
})

/** With what iptables made, which the program nft would tell. */
const picture = () => host.picture() + host.sh("iptables-save | sed 's/ \\[.*//; /^#/d'")
const packages = ({ steps = [] }: HostOperationStatus) => steps.find(({ name }) => name === 'install-packages')

test('without Docker and without a way to packages, joining says what is missing and what to do next', async () => {
  host.sh(
    'cd /etc/apt; mv sources.list sources.list.kept; echo "deb http://127.0.0.1:9/debian bookworm main" > sources.list',
  )
  const status = await plane.operate('bare', 'Join')
  host.sh('mv /etc/apt/sources.list.kept /etc/apt/sources.list')
  expect(status).toMatchObject({
    phase: 'Failed',
    reason: 'CommandFailed',
    message: expect.stringMatching(/^the host reaches no packages, and it lacks docker\.io, nftables, .*install them there by hand; then: flotilla node repair bare\. It said: /) as string,
  }) // prettier-ignore
  expect(packages(status)?.state).toBe('Failed')
})

async function joinCutOff(): Promise<void> {
  let cut = false
  const broken = await plane.operate('bare', 'Join', status => {
    const { state, output = '' } = packages(status) ?? {}
    if (cut || state !== 'Running' || !/^(Unpacking|Selecting) /m.test(output)) return
    cut = true
    host.cutSsh()
  })
  expect(cut, broken.message).toBe(true)
  expect(broken).toMatchObject({ phase: 'Failed', reason: expect.stringMatching(/ConnectionLost|Unreachable/) as string }) // prettier-ignore
}
/** Everything of joining. */
async function undoAll(): Promise<void> {
  const undone = await plane.operate('bare', 'Undo', undefined, { step: 'install-packages' })
  expect(undone, undone.message).toMatchObject({ phase: 'Succeeded' })
  expect(undone.steps?.map(({ name }) => name)).toContain('install-packages')
  // What is not built on packages is undone from the last step on.
  for (let message = ''; message !== 'nothing of that is on bare';) {
    const status = await plane.operate('bare', 'Undo')
    expect(status, status.message).toMatchObject({ phase: 'Succeeded' })
    message = status.message ?? ''
  }
}

test(
  'cut off while packages are installed, it can be undone: what had come by then is gone',
  async () => {
    await joinCutOff()
    await undoAll()
    expect(picture()).toBe(before)
  },
  LONG_MS,
)

/** The host's real clock is this machine's: a program stands in for the one that tells it. */
function clockIsLate(isLate: boolean): void {
  host.sh('[ ! -e /usr/bin/date.real ] || mv /usr/bin/date.real /usr/bin/date')
  if (!isLate) return
  host.sh('mv /usr/bin/date /usr/bin/date.real')
  host.write('/usr/bin/date', '#!/bin/sh\n[ "$1" = -s ] && exec mv /usr/bin/date.real /usr/bin/date\nexec date.real -d "1 hour ago" "$@"\n')
  host.sh('chmod 755 /usr/bin/date')
} // prettier-ignore

test(
  'cut off there, it goes on where it was and ends with a Ready node, whose clock is right and stays so',
  async () => {
    await joinCutOff()
    clockIsLate(true)
    const status = await plane.operate('bare', 'Join')
    clockIsLate(false)
    expect(status, status.message).toMatchObject({ phase: 'Succeeded' })
    expect(status.plan?.find(({ step }) => step === 'sync-clock')?.changes).toEqual([
      expect.stringMatching(/^set the clock once, 3(599|600|601) s forward, to this machine's$/),
      'install the package systemd-timesyncd, if it can be had, which keeps it right',
    ])
    const { output } = status.steps?.find(({ name }) => name === 'sync-clock') ?? {}
    expect(output).not.toContain('no time service')
    expect(host.sh('systemctl is-enabled systemd-timesyncd; timedatectl show -p CanNTP')).toBe('enabled\nCanNTP=yes')
    await eventually(() => plane.isNodeReady('bare'), 60_000)
    expect(host.sh('dpkg --audit; docker info >/dev/null && echo works')).toBe('works')
  },
  LONG_MS,
)

test(
  'undone, the packages are gone with all that they brought, their accounts too, and the host is as it was before',
  async () => {
    await undoAll()
    expect(picture()).toBe(before)
  },
  LONG_MS,
)
