// Hosts that are not as most are: login shells of other kinds that greet everybody, names with capitals, IPv6 alone for SSH,
// a link that carries little, programs that are missing, strict settings; and networks that drop the tunnel's packets.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Node } from '../../src/shared/api/core/v1.ts'
import { HostOperation } from '../../src/shared/api/flotilla/v1.ts'
import { eventually } from '../support/eventually.ts'
import { HostLab, type LabHost } from './lab/lab.ts'
import { HostsControlPlane } from './support/control-plane.ts'

/** Nothing can be executed in /tmp, nobody but the owner reads new files, and these programs are missing. */
const SETUP = `
useradd --badname --create-home --shell /bin/sh Zoe
echo 'Zoe ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/zoe
echo 'Defaults umask=0077, umask_override, lecture=always' > /etc/sudoers.d/0-strict
echo 'ListenAddress ::' > /etc/ssh/sshd_config.d/odd.conf; echo 'AddressFamily inet6' >> /etc/ssh/sshd_config.d/odd.conf
echo 'Authorised use only.' > /etc/banner; echo 'Banner /etc/banner' >> /etc/ssh/sshd_config.d/odd.conf
echo 'Do not forget the backup.' > /etc/motd
for file in .profile .cshrc .tcshrc .zshenv .config/fish/config.fish; do
  mkdir -p "$(dirname "/home/Zoe/$file")"; printf 'echo welcome\\necho careful, Zoe\\n' > "/home/Zoe/$file"
done
chown -R Zoe /home/Zoe
mount -o remount,noexec,nosuid,nodev /tmp
ip link set eth0 mtu 1280
mkdir /away; mv /usr/bin/curl /usr/bin/xz /usr/bin/ping /away 2>/dev/null || true
systemctl restart ssh
`

let lab: HostLab
let odd: LabHost
let far: LabHost
let plane: HostsControlPlane
let before: string

beforeAll(async () => {
  lab = await HostLab.start()
  ;[odd, far] = await Promise.all([
    lab.host('odd', { docker: true, hostname: 'Odd-Box' }),
    lab.host('far', { docker: true }),
  ])
  odd.sh(SETUP)
  plane = await HostsControlPlane.start(lab, [odd, far])
  odd.authorize('Zoe', plane.publicKey)
  await plane.addHost(odd, 'odd', { user: 'Zoe', address: lab.giveIPv6(odd) })
  await plane.addHost(far)
})
afterAll(async () => {
  await plane?.[Symbol.asyncDispose]()
  await lab?.[Symbol.asyncDispose]()
})

const check = async (name: string) => {
  const { phase, message } = await plane.operate(name, 'Check')
  expect(phase, message).toBe('Succeeded')
  return (await plane.host(name)).status.findings ?? []
}

test.each(['/bin/dash', '/bin/csh', '/bin/tcsh', '/usr/bin/zsh', '/usr/bin/fish'])(
  'a login shell %s that greets everybody is asked as any other, by sudo as well',
  async shell => {
    odd.sh(`usermod --shell ${shell} Zoe`)
    expect((await check('odd')).filter(({ severity }) => severity === 'Error')).toEqual([])
    expect((await plane.host('odd')).status.facts).toMatchObject({ hostname: 'odd-box' })
  },
)

test('of two hosts with one hostname that join at once, the second is told before it is the same node', async () => {
  const { client } = plane.cluster
  far.sh('hostname Odd-Box')
  let first = ''
  const waiting = plane.operate('far', 'Join', ({ phase = '' }) => void (first = phase), { approved: false })
  await eventually(() => expect(first).toBe('WaitingForApproval'), 60_000)
  expect(await plane.operate('odd', 'Join', undefined, { approved: false })).toMatchObject({
    phase: 'Failed',
    reason: 'PreflightFailed',
    message: expect.stringMatching(/^The host far is the node odd-box, or becomes it\..* --node-name NAME/) as string,
  })
  const { items } = await client.list(HostOperation)
  const name = items.find(({ status }) => status.phase === 'WaitingForApproval')?.metadata.name ?? 'none'
  await client.patch(HostOperation, { name }, { spec: { cancelled: true } }, { type: 'merge' })
  expect(await waiting).toMatchObject({ phase: 'Cancelled' })
  far.sh('hostname far')
})

test('a home that cannot be written stops joining before anything is changed, and it is said what helps', async () => {
  before = odd.picture()
  odd.sh('mount --bind /home/Zoe /home/Zoe; mount -o remount,bind,ro /home/Zoe')
  const { phase, message } = await plane.operate('odd', 'Join')
  odd.sh('umount /home/Zoe')
  expect({ phase, message }).toEqual({
    phase: 'Failed',
    message: expect.stringMatching(/^the home of Zoe@\[fd00:.*\]:22 is read-only, .*or add the host with another user, such as root; once that is mended: flotilla node repair odd$/) as string,
  }) // prettier-ignore
  expect(odd.picture()).toBe(before)
})

test('a full /var is told before anything is sent', async () => {
  odd.sh('mount -t tmpfs -o size=100m tmpfs /var/lib')
  const status = await plane.operate('odd', 'Join')
  odd.sh('umount /var/lib')
  expect(status).toMatchObject({ phase: 'Failed', reason: 'PreflightFailed' })
  expect(status.message).toContain('/var/lib has 0.1 GiB free, and 1.0 GiB are needed.')
})

test('it becomes a Ready node all the same, under its name in small letters', async () => {
  const { phase, message } = await plane.operate('odd', 'Join')
  expect({ phase, message }).toEqual({ phase: 'Succeeded', message: 'odd is the node odd-box' })
  await eventually(() => plane.isNodeReady('odd-box'), 30_000)
  await plane.kubelet('odd-box')
  expect(odd.sh('ls -A /home/Zoe/.ssh; stat -c "%a %U" /home/Zoe/.ssh/authorized_keys')).toBe('authorized_keys\n600 Zoe') // prettier-ignore
})

describe('a host on another network than a node', () => {
  let drop: (...rule: string[]) => void
  const tunnel = async () => (await check('far')).filter(({ id }) => id === 'network/tunnel').map(({ what }) => what)
  const between = (from: LabHost, to: LabHost) => ['-s', from.ip, '-d', to.ip, '-p', 'udp', '--dport', '8472']
  const [isNode, isFar] = [() => `odd-box (${odd.ip})`, () => `far (${far.ip})`]

  beforeAll(() => void (drop = lab.partWays(odd, far)))

  test('is found fit where packets of the tunnel arrive at both ends; both are left as they were', async () => {
    const rules = () => far.sh('nft -s list ruleset | sed "s/counter packets [0-9]* bytes [0-9]*/counter/"')
    const was = rules()
    expect(await tunnel()).toEqual([])
    // The tunnel says more than an answer to a ping, for which a program is missing there.
    expect((await plane.host('far')).status.findings?.map(({ id }) => id)).not.toContain('network/peer')
    expect(rules()).toBe(was)
    expect(odd.sh('nft list chains')).not.toContain('chain from-')
  })
  test('is told which way they do not arrive, where something between the two drops them', async () => {
    drop(...between(odd, far))
    expect(await tunnel()).toEqual([`UDP 8472 from ${isNode()} to ${isFar()} does not arrive.`])
    drop(...between(far, odd))
    expect(await tunnel()).toEqual([
      `UDP 8472 from ${isFar()} to ${isNode()}, and from ${isNode()} to ${isFar()} does not arrive.`,
    ])
  })
  test('is judged by what can be told, where it has no program to hear with', async () => {
    far.sh(
      'usermod --shell /bin/sh root; mkdir /away; mv /usr/bin/perl /away; mv /usr/bin/python3 /away 2>/dev/null || true',
    )
    expect(await tunnel()).toEqual([`UDP 8472 from ${isFar()} to ${isNode()} does not arrive.`])
    far.sh('mv /usr/bin/bash /away')
    expect(await tunnel()).toEqual([])
    far.sh('mv /away/* /usr/bin')
  })
  test('still joins: pods of the two reach each other over the control plane, and both agents say so', async () => {
    const joined = await plane.operate('far', 'Join')
    expect(joined.phase, joined.message).toBe('Succeeded')
    await eventually(async () => {
      const { status } = await plane.cluster.client.get(Node, { name: 'far' })
      expect(status.conditions?.find(({ type }) => type === 'Relayed')?.message).toContain('odd-box')
    }, 60_000)
    expect((await check('far')).map(({ id }) => id)).toContain('network/relayed')
  })
})

test('removing them leaves the odd one as it was', async () => {
  for (const name of ['far', 'odd']) expect(await plane.operate(name, 'Remove')).toMatchObject({ phase: 'Succeeded' })
  const unparted = (picture: string) => picture.replace(/^== links[^]*?^== rules/m, '== rules')
  expect(unparted(odd.picture())).toBe(unparted(before))
})
