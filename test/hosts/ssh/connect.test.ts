// Against real sshd, on lab hosts.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRoute } from '../../../src/main/provisioning/ssh/connect.ts'
import type { SshConnection } from '../../../src/main/provisioning/ssh/connection.ts'
import type { Hop, Prompt } from '../../../src/main/provisioning/ssh/contract.ts'
import { Sudo } from '../../../src/main/provisioning/ssh/sudo.ts'
import { openOwnKey } from '../../../src/main/provisioning/own-key.ts'
import { closeDoor, openDoor } from '../../../src/main/provisioning/server/doors.ts'
import { authorizeKey, withdrawKey } from '../../../src/main/provisioning/steps/authorize-key.ts'
import type { StepContext } from '../../../src/main/provisioning/steps/contract.ts'
import { type Clock, systemClock } from '../../../src/shared/machinery/clock.ts'
import { eventually } from '../../support/eventually.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { HostLab, type LabHost } from '../lab/lab.ts'
import { Person } from '../support/person.ts'

let lab: HostLab
let front: LabHost
let hidden: LabHost
let key: { path: string; publicKey: string }
beforeAll(async () => {
  lab = await HostLab.start()
  key = lab.key('plain')
  ;[front, hidden] = await Promise.all([
    lab.host('front', { docker: false }),
    lab.host('hidden', { docker: false, hidden: true }),
  ])
  for (const host of [front, hidden]) {
    host.authorize('grace', key.publicKey)
    host.authorize('ada', key.publicKey)
  }
}, 240_000)
afterAll(() => lab?.[Symbol.asyncDispose]())

const hop = (host: LabHost, user: string, more: Partial<Hop> = {}): Hop => ({
  host: host.ip,
  port: 22,
  user,
  identityFiles: [],
  identitiesOnly: false,
  ...more,
})
const grace = (host: LabHost) => hop(host, 'grace', { identityFiles: [key.path] })
const ada = (host: LabHost) => hop(host, 'ada', { identityFiles: [key.path] })
const open = (route: Hop[], person: Person, more: { agent?: string; ownKey?: string } = {}): Promise<SshConnection> =>
  connectRoute(route, {
    prompter: person,
    pins: person,
    clock: systemClock,
    signal: new AbortController().signal,
    ...more,
  })
const whoami = async (connection: SshConnection) => (await connection.run('whoami; hostname')).stdout.split('\n')

describe('logging in', () => {
  test('with a key file asks for the host key, once', async () => {
    const person = new Person()
    for (let i = 0; i < 2; i++) {
      await using connection = await open([grace(front)], person)
      expect(await whoami(connection)).toMatchObject(['grace', 'front', ''])
    }
    expect(person.asked).toMatchObject([{ kind: 'HostKey', fingerprint: front.hostKey() }])
  })
  test('with a locked key file asks for its passphrase until it is right', async () => {
    const locked = lab.key('locked', { passphrase: 'open sesame' })
    front.authorize('root', locked.publicKey)
    const person = new Person({ Passphrase: (_, times) => (times === 1 ? 'wrong' : 'open sesame') })
    await using connection = await open([hop(front, 'root', { identityFiles: [locked.path] })], person)
    expect(await whoami(connection)).toMatchObject(['root', 'front', ''])
    expect(person.times('Passphrase')).toBe(2)
  })
  test('with a password asks again when it is wrong', async () => {
    const person = new Person({ Password: (_, times) => (times === 1 ? 'wrong' : front.password) })
    front.configureSshd('KbdInteractiveAuthentication no\n')
    await using connection = await open([hop(front, 'ada')], person)
    expect(await whoami(connection)).toMatchObject(['ada', 'front', ''])
    expect(person.times('Password')).toBe(2)
  })
  test('with keyboard-interactive passes the host’s questions on', async () => {
    front.configureSshd('KbdInteractiveAuthentication yes\nPasswordAuthentication no\n')
    const person = new Person({ KeyboardInteractive: front.password })
    await using connection = await open([hop(front, 'ada')], person)
    expect(await whoami(connection)).toMatchObject(['ada', 'front', ''])
    expect(person.asked.at(-1)).toMatchObject({ echo: false, text: expect.stringContaining('Password:') as string })
  })
  test('with two factors uses both', async () => {
    front.configureSshd('AuthenticationMethods publickey,password\n')
    const person = new Person({ Password: front.password })
    await using connection = await open([grace(front)], person)
    expect(await whoami(connection)).toMatchObject(['grace', 'front', ''])
    front.configureSshd('')
  })
  test('with an ssh-agent uses its keys, and never forwards the agent', async () => {
    const socket = join(lab.folder, 'agent.sock')
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      await new Promise(resolve => agent.stdout.once('data', resolve))
      const added = spawn('ssh-add', ['-q', key.path], { env: { ...process.env, SSH_AUTH_SOCK: socket } })
      await new Promise(resolve => added.once('close', resolve))
      await using connection = await open([hop(front, 'grace')], new Person(), { agent: socket })
      expect((await connection.run('whoami; echo "agent=$SSH_AUTH_SOCK"')).stdout).toBe('grace\nagent=\n')
    } finally {
      agent.kill()
    }
  })
  test('that fails tells what was tried and what the host accepts', async () => {
    front.configureSshd('PasswordAuthentication no\n')
    const other = lab.key('other')
    const failing = open([hop(front, 'ada', { identityFiles: [other.path] })], new Person())
    await expect(failing).rejects.toThrow(`ada@${front.ip}:22 did not let us in (tried: ${other.path}`)
    await expect(failing).rejects.toThrow(`Let a key of yours in with: ssh-copy-id ada@${front.ip}; or name`)
    await expect(failing).rejects.toMatchObject({ code: 'AuthenticationFailed' })
    front.configureSshd('')
  })
})

describe('logging in that is called off', () => {
  const late = async (kind: Prompt['kind'], answer: string, how: 'answer' | 'refuse') => {
    const stop = new AbortController()
    let say = () => {}
    const person = new Person()
    const prompter = {
      ask(prompt: Prompt): Promise<string> {
        if (prompt.kind !== kind) return person.ask(prompt)
        stop.abort(new Error('called off'))
        return new Promise((resolve, reject) => {
          say = () => (how === 'answer' ? resolve(answer) : reject(new Error('nobody is there any more')))
        })
      },
    }
    const opening = connectRoute([hop(front, 'ada')], { prompter, pins: person, clock: systemClock, signal: stop.signal }) // prettier-ignore
    await expect(opening).rejects.toThrow('called off')
    const aMoment = () => new Promise(resolve => setTimeout(resolve, 100))
    await aMoment() // the connection is over by then
    say()
    await aMoment() // what nobody catches would end the control plane, and ends this test run
  }
  test.each(['answer', 'refuse'] as const)('while somebody looks at the host key: their late %s does no harm', how => late('HostKey', 'yes', how)) // prettier-ignore
  test.each(['answer', 'refuse'] as const)('while somebody types a password: their late %s does no harm', how => late('Password', front.password, how)) // prettier-ignore
  test.each(['answer', 'refuse'] as const)(
    'while the host asks its questions: their late %s does no harm',
    async how => {
      front.configureSshd('KbdInteractiveAuthentication yes\nPasswordAuthentication no\n')
      await late('KeyboardInteractive', front.password, how)
      front.configureSshd('')
    },
  )
})

describe('the way', () => {
  test('leads over jump hosts, each with a host key of its own', async () => {
    await expect(open([grace(hidden)], new Person())).rejects.toMatchObject({ code: 'Unreachable' })
    const person = new Person()
    await using connection = await open([ada(front), grace(hidden)], person)
    expect(await whoami(connection)).toMatchObject(['grace', 'hidden', ''])
    expect(person.asked.map(({ fingerprint }) => fingerprint)).toEqual([front.hostKey(), hidden.hostKey()])
  })
  test('that ends nowhere says so', async () => {
    const nobody = { ...grace(front), port: 23 }
    await expect(open([nobody], new Person())).rejects.toThrow(
      'refuses the connection: no SSH server listens on that port. Start it there',
    )
    await expect(open([{ ...nobody, host: 'no-such-host.invalid' }], new Person())).rejects.toThrow('is not known')
    const silent = createServer(socket => void socket.destroy())
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    await expect(open([{ ...nobody, host: '127.0.0.1', port }], new Person())).rejects.toThrow(
      'ended the connection before it said anything: no SSH server listens there',
    )
    silent.close()
  })
  test.each([
    ['ends its connection', (socket: Socket) => void socket.destroy()],
    ['resets it', (socket: Socket) => void socket.resetAndDestroy()],
  ])('waits for a person who thinks, also where the host %s meanwhile; nothing is asked twice', async (_, hangUp) => {
    const sockets: Socket[] = []
    const proxy = createServer(socket => {
      sockets.push(socket)
      const there = createConnection(22, front.ip)
      for (const end of [socket, there]) end.on('error', () => undefined)
      socket.pipe(there).pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const { port } = proxy.address() as AddressInfo
    const person = new Person()
    const thinking = {
      ask: async (prompt: Prompt) => {
        const [socket] = sockets
        if (socket && !socket.destroyed) {
          hangUp(socket)
          await once(socket, 'close')
          await new Promise(setImmediate)
        }
        return person.ask(prompt)
      },
    }
    const options = { prompter: thinking, pins: person, clock: systemClock, signal: new AbortController().signal }
    await using connection = await connectRoute([{ ...grace(front), host: '127.0.0.1', port }], options)
    expect(await whoami(connection)).toMatchObject(['grace', 'front', ''])
    expect([sockets.length, person.times('HostKey')]).toEqual([2, 1])
    proxy.close()
  })
  test('is given up when the host key is not accepted', async () => {
    const person = new Person({ HostKey: 'no' })
    await expect(open([grace(front)], person)).rejects.toMatchObject({ code: 'HostKeyRejected' })
    expect(person.pins.size).toBe(0)
  })
  test('is a hard stop when the host key has changed, before any password is asked', async () => {
    const person = new Person({ Password: front.password })
    await using first = await open([hop(front, 'ada')], person)
    const old = front.hostKey()
    front.replaceHostKey()
    const asked = person.asked.length
    const failing = open([hop(front, 'ada')], person)
    await expect(failing).rejects.toThrow(`${front.hostKey()}, not ${old}`)
    await expect(failing).rejects.toMatchObject({ code: 'HostKeyChanged' })
    expect(person.asked.length).toBe(asked)
    expect(first.hop.user).toBe('ada')
  })
})

describe('running a script', () => {
  test('gives the exit code, both outputs, and takes any bytes as input', async () => {
    await using connection = await open([grace(front)], new Person())
    const input = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 256))
    const ran = await connection.run('sha256sum; echo "späte Grüße" >&2; exit 7', { input: Readable.from([input]) })
    expect(ran).toEqual({
      code: 7,
      stdout: `${createHash('sha256').update(input).digest('hex')}  -\n`,
      stderr: 'späte Grüße\n',
    })
  })
  test('is not disturbed by what a shell’s start-up files print', async () => {
    front.write('/home/grace/.bashrc', 'echo welcome; echo careful >&2\n')
    await using connection = await open([grace(front)], new Person())
    expect((await connection.run('cat', { input: 'x' })).stdout).toBe('x')
  })
  test.each(['grace', 'ada'])(
    'as root through the sudo of %s never lets a password slip into its input',
    async user => {
      const person = new Person({ SudoPassword: (_, times) => (times === 1 ? 'wrong' : front.password) })
      const sudo = new Sudo(person)
      await using connection = await open([user === 'ada' ? ada(front) : grace(front)], person)
      for (const input of ['payload\n', ''])
        expect(await connection.run('id -u; cat', { sudo, input })).toMatchObject({ code: 0, stdout: `0\n${input}` })
      expect(person.times('SudoPassword')).toBe(user === 'ada' ? 2 : 0)
      const commands = front.sh('cat /proc/*/cmdline | tr "\\0" " "; cat /var/log/* 2>/dev/null || true')
      expect(commands).not.toContain(front.password)
    },
  )
  test('as root goes through a sudo that runs programs in a terminal of its own, and lectures', async () => {
    front.write(
      '/etc/sudoers.d/0-strict',
      'Defaults use_pty\nDefaults lecture=always\nDefaults umask=0077, umask_override\n',
    )
    try {
      await using connection = await open([ada(front)], new Person())
      const sudo = new Sudo(new Person({ SudoPassword: front.password }))
      const input = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 256))
      const { stdout } = await connection.run('id -u; sha256sum', { sudo, input })
      expect(stdout).toBe(`0\n${createHash('sha256').update(input).digest('hex')}  -\n`)
    } finally {
      front.sh('rm /etc/sudoers.d/0-strict')
    }
  })
  describe('in an account that runs none', () => {
    const asRoot = async (how: string) => {
      front.sh(how)
      try {
        await using connection = await open([grace(front)], new Person())
        return await connection.run('id', { sudo: new Sudo(new Person()) })
      } finally {
        front.sh('usermod -s /bin/bash grace; chage -d -1 grace; echo > /home/grace/.bashrc')
      }
    }
    test.each([
      [
        'with nologin for a shell',
        'usermod -s /usr/sbin/nologin grace',
        /^grace may log in to .* and run nothing there .*chsh -s/,
      ],
      ['with false for a shell', 'usermod -s /bin/false grace', /ended before it began a program, and said nothing/],
      [
        'whose .bashrc ends the shell',
        'echo exit 3 > /home/grace/.bashrc',
        /start-up files end it.*\[ -t 0 \] \|\| return/,
      ],
      ['whose password has expired', 'chage -d 0 grace', /^the password of grace on .* has expired.*ssh grace@/],
    ])('%s says so', async (_what, how, message) => {
      await expect(asRoot(how)).rejects.toMatchObject({
        code: 'NoPrivileges',
        message: expect.stringMatching(message) as string,
      })
    })
    test('whose .bashrc asks something is given up after a minute, with what it asked', async () => {
      front.write('/home/grace/.bashrc', 'echo "Which team are you?"; read -r team\n')
      const minute = new ManualClock()
      // The host goes on saying that it is there, in its own time.
      const clock: Clock = { ...systemClock, after: (ms, run) => (ms < 60_000 ? systemClock : minute).after(ms, run) }
      const person = new Person()
      const options = { prompter: person, pins: person, clock, signal: new AbortController().signal }
      await using connection = await connectRoute([grace(front)], options)
      const running = expect(connection.run('id')).rejects.toMatchObject({
        code: 'CommandFailed',
        message: expect.stringMatching(/began no program within 60 s \(it said: Which team are you\?\)/) as string,
      })
      await eventually(() => front.sh('pgrep -u grace bash || true') !== '')
      await eventually(() => minute.pending > 0)
      await minute.advance(60_000)
      await running
      front.write('/home/grace/.bashrc', '')
    })
  })
  test('as root fails clearly for a user without the right', async () => {
    front.authorize('nobody-special', key.publicKey)
    await using connection = await open([hop(front, 'nobody-special', { identityFiles: [key.path] })], new Person())
    const sudo = new Sudo(new Person({ SudoPassword: front.password }))
    await expect(connection.run('id', { sudo })).rejects.toThrow('nobody-special may not use sudo on')
  })
  test('as root goes through a sudo that speaks as sudo-rs does, and leaves nothing of its questions in what is told', async () => {
    front.sh('mv /usr/bin/sudo /usr/bin/sudo.real')
    front.write(
      '/usr/bin/sudo',
      `#!/bin/sh
[ "$1 $2" = "-S -p" ] || exit 1
asks="[sudo: $3] Password: "
shift 3
[ "$(id -un)" != nobody-special ] || { printf '%s\\n' "$asks" >&2; head -n1 >/dev/null; echo "sudo: I'm sorry nobody-special. I'm afraid I can't do that" >&2; exit 1; }
exec /usr/bin/sudo.real -S -p "$asks
" "$@"
`,
    )
    front.sh('chmod 755 /usr/bin/sudo')
    try {
      const person = new Person({ SudoPassword: (_, times) => (times === 1 ? 'wrong' : front.password) })
      await using connection = await open([ada(front)], person)
      const ran = await connection.run('id -u; cat; echo no room >&2; exit 4', {
        sudo: new Sudo(person),
        input: 'payload',
      })
      expect(ran).toEqual({ code: 4, stdout: '0\npayload', stderr: 'no room\n' })
      expect(person.times('SudoPassword')).toBe(2)
      front.authorize('nobody-special', key.publicKey)
      await using other = await open([hop(front, 'nobody-special', { identityFiles: [key.path] })], person)
      await expect(other.run('id', { sudo: new Sudo(person) })).rejects.toThrow('nobody-special may not use sudo on')
    } finally {
      front.sh('mv /usr/bin/sudo.real /usr/bin/sudo')
    }
  })
  test('as root fails clearly where sudo wants a terminal', async () => {
    front.write('/etc/sudoers.d/0-terminal', 'Defaults requiretty\n')
    try {
      await using connection = await open([grace(front)], new Person())
      const running = connection.run('id', { sudo: new Sudo(new Person()) })
      await expect(running).rejects.toThrow(/wants a terminal \(requiretty\)\. Take "Defaults requiretty" out/)
    } finally {
      front.sh('rm /etc/sudoers.d/0-terminal')
    }
  })
  test('as root fails clearly where there is no sudo', async () => {
    front.sh('mv /usr/bin/sudo /usr/bin/sudo.away')
    try {
      await using connection = await open([grace(front)], new Person())
      const running = connection.run('id', { sudo: new Sudo(new Person()) })
      await expect(running).rejects.toThrow(`${front.ip} has no sudo. Install it there, or add the host as root.`)
    } finally {
      front.sh('mv /usr/bin/sudo.away /usr/bin/sudo')
    }
  })
  test('that is cut off in the middle is told apart from one that fails', async () => {
    await using connection = await open([grace(front)], new Person())
    let started: () => void = () => undefined
    const ready = new Promise<void>(resolve => (started = resolve))
    const running = connection.run('echo runs; sleep 60', { onOutput: started })
    const cut = expect(running).rejects.toMatchObject({ code: 'ConnectionLost' })
    await ready
    front.cutSsh()
    await cut
    expect(await connection.closed).toMatchObject({ code: 'ConnectionLost' })
  })
  test('that is called off is not waited for when it goes on there', async () => {
    await using connection = await open([grace(front)], new Person())
    const stop = new AbortController()
    const running = connection.run(`trap '' HUP PIPE TERM; echo runs; sleep 60`, {
      signal: stop.signal,
      onOutput: () => stop.abort(new Error('called off')),
    })
    await expect(running).rejects.toThrow('called off')
    expect(await whoami(connection)).toMatchObject(['grace', 'front', ''])
  }, 40_000)
})

describe('forwarding', () => {
  test('brings connections to the host’s loopback here, over jump hosts as well', async () => {
    for (const route of [[grace(front)], [ada(front), grace(hidden)]]) {
      await using connection = await open(route, new Person())
      const port = await connection.forwardIn(0, stream => stream.end('hello from far away'))
      expect(await reply(route.length === 1 ? front : hidden, port)).toBe('hello from far away')
    }
  })
  test('that sshd forbids is told', async () => {
    front.configureSshd('AllowTcpForwarding no\n')
    await using connection = await open([grace(front)], new Person())
    await expect(connection.forwardIn(0, stream => stream.end())).rejects.toMatchObject({ code: 'ForwardingRefused' })
    front.configureSshd('')
  })
  test('reaches what the host reaches', async () => {
    await using connection = await open([grace(front)], new Person())
    const stream = await connection.forwardOut(hidden.ip, 22)
    const banner = await new Promise(resolve => stream.once('data', chunk => resolve(String(chunk))))
    expect(banner).toMatch(/^SSH-2\.0-/)
    stream.destroy()
  })

  describe('by the cluster’s own key, on a jump host that only leads on', () => {
    const accounts = () => front.sh('cat /home/grace/.ssh/authorized_keys')
    const withOwnKey = (privateKey: string, ...route: Hop[]) =>
      open(route.map(({ host, port, user }) => ({ host, port, user, identityFiles: [], identitiesOnly: true })), new Person(), { ownKey: privateKey }) // prettier-ignore

    test('leads to the SSH port of the host behind it, and nowhere else, and runs nothing', async () => {
      const before = accounts()
      const ownKey = await openOwnKey(join(lab.folder, 'own'), 'abcd1234')
      hidden.authorize('ada', `${key.publicKey}${ownKey.authorizedLine}\n`)
      await using person = await open([grace(front)], new Person())
      await openDoor(person, ownKey, ['10.9.9.9:22'])
      await openDoor(person, ownKey, [`${hidden.ip}:22`])
      expect(accounts().match(/^restrict,/gm)).toHaveLength(1)
      {
        await using way = await withOwnKey(ownKey.privateKey, grace(front), ada(hidden))
        expect(await whoami(way)).toMatchObject(['ada', 'hidden', ''])
      }
      {
        await using jump = await withOwnKey(ownKey.privateKey, grace(front))
        await expect(jump.forwardOut('127.0.0.1', 22)).rejects.toMatchObject({ code: 'ForwardingRefused' })
        const ran = await jump.run('echo it runs')
        expect(ran.code).not.toBe(0)
        expect(ran.stdout).not.toContain('it runs')
      }
      // A host of the cluster by now: more than a door.
      await authorizeKey.apply({ ssh: person, ownKey, signal: new AbortController().signal } as StepContext)
      {
        await using node = await withOwnKey(ownKey.privateKey, grace(front))
        expect(await whoami(node)).toMatchObject(['grace', 'front', ''])
      }
      await openDoor(person, ownKey, ['10.9.9.9:22'])
      await withdrawKey.apply({ ssh: person, ownKey, signal: new AbortController().signal } as StepContext)
      expect(accounts()).toMatch(/^restrict,/m)
      await closeDoor(person, ownKey)
      await closeDoor(person, ownKey)
      expect(accounts()).toBe(before)
    })

    test('leaves no file behind where there was none', async () => {
      const ownKey = await openOwnKey(join(lab.folder, 'own'), 'abcd1234')
      const password = new Person({ Password: front.password })
      await using person = await open([hop(front, 'nobody-special', { identitiesOnly: true })], password)
      front.sh('rm -rf /home/nobody-special/.ssh')
      await openDoor(person, ownKey, ['10.9.9.9:22'])
      await openDoor(person, ownKey, ['10.9.9.9:2222'])
      expect(front.sh('stat -c "%a %U" /home/nobody-special/.ssh/authorized_keys')).toBe('600 nobody-special')
      await closeDoor(person, ownKey)
      expect(front.sh('ls -A /home/nobody-special')).not.toContain('.ssh')
    })
  })

  /** The event loop must run while the host's program does. */
  function reply(host: LabHost, port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn('docker', [
        'exec',
        host.container,
        'curl',
        '-s',
        '--max-time',
        '5',
        `telnet://127.0.0.1:${port}`,
      ])
      let text = ''
      child.stdout.on('data', chunk => (text += String(chunk)))
      child.once('error', reject)
      child.once('close', () => resolve(text))
    })
  }
})
