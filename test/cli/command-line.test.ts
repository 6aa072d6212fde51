// The built command line, as a user meets it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync, constants, existsSync, lstatSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync,
  statSync, symlinkSync, writeFileSync, writeSync,
} from 'node:fs' // prettier-ignore
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cluster, cli, execute, repository, until } from '../e2e/support/cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('flotilla', () => {
  it('--help names every command', async () => {
    const { code, stdout } = await cli('--help')
    expect(code).toBe(0)
    for (const command of ['serve', 'status', 'kubeconfig', 'login', 'reset', 'uninstall', 'version'])
      expect(stdout).toContain(command)
  })
  it('version prints the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string }
    expect((await cli('version')).stdout).toBe(`flotilla ${version}\n`)
  })
  it.each([
    [['serve', '--lisen', 'x'], /unknown option '--lisen'.*--listen/],
    [['serve', '--listen', 'nowhere'], /--listen wants HOST:PORT/],
    [['serve', '--nodeport-addresses', 'primary,eth0'], /--nodeport-addresses wants IPv4 ranges .* not "eth0"/],
    [
      ['serve', '--controllers', '*,-servicelb'],
      /--controllers: there is no controller "-servicelb"; there are .*service-lb-/,
    ],
    [
      ['serve', '--service-node-port-range', '32767-30000'],
      /--service-node-port-range wants ports such as 30000-32767/,
    ],
    [['serve', '--store', 'sqlite'], /--store wants nedb or etcd=/],
    [['fly'], /unknown command 'fly'; see: flotilla --help$/m],
    [['node', 'show'], /missing required argument 'host'; see: flotilla node show --help$/m],
    [
      ['serve', '--network-backend', 'ipsec'],
      /--network-backend wants auto or wireguard, not "ipsec"; see: flotilla serve --help$/m,
    ],
    [
      ['certs', 'rotate-ca', 'later'],
      /: step wants prepare, switch or finish, not "later"; see: flotilla certs rotate-ca --help$/m,
    ],
    [['serve', '--scheduler-config', '/nowhere.yaml'], /--scheduler-config \/nowhere.yaml: ENOENT/],
    [
      ['node', 'add', 'ada@box', '-i', 'key'],
      /there is no option for a key; keys are those of the ssh-agent, .* as IdentityFile/,
    ],
    [['kubeconfig', '--merge', '--unmerge'], /exclude each other/],
    [['status', '-o', 'xml'], /--output wants text or json/],
    [['user', 'list', '-o', 'yaml'], /--output wants text or json, not "yaml"/],
  ])('%j exits 2 with one clear line', async (args, message) => {
    const { code, stdout, stderr } = await cli(...args)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })
  it('a command that has commands of its own lists them, and says that one is needed', async () => {
    const { code, stdout, stderr } = await cli('store')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/Commands:.*\nflotilla: a command is needed: flotilla store and one of those above\n$/s)
  })
  it('status of a folder without a cluster says so, and how to start one, and exits 3', async () => {
    const { code, stdout } = await cli('status', '--data-dir', join(folder, 'none'))
    expect(code).toBe(3)
    expect(stdout).toContain('not running')
    expect(stdout).toContain(`start it with: flotilla serve --data-dir ${join(folder, 'none')}\n`)
  })
  it.each([
    ['kubeconfig', 'make'],
    ['login', 'start'],
  ])('what %s says to type is one line for a shell, whatever the folder is called', async (command, verb) => {
    const path = join(folder, "Ada's cluster")
    const { code, stderr } = await cli(command, '--data-dir', path)
    expect(code).toBe(1)
    expect(stderr).toContain(`; ${verb} one with: flotilla serve --data-dir '${path.replace("'", "'\\''")}'\n`)
  })
  it.each([['kubeconfig'], ['certs', 'status'], ['store', 'status'], ['backup', 'schedule']])(
    '%s %s does not say that there is no cluster where that cannot be known',
    async (...command) => {
      const path = join(folder, 'circle')
      if (!lstatSync(path, { throwIfNoEntry: false })) symlinkSync(path, path)
      const { code, stderr } = await cli(...command, '--data-dir', path)
      expect(code).toBe(1)
      expect(stderr).toMatch(/^flotilla: .* leads in a circle of links: check the path\n$/)
    },
  )
  it('kubeconfig of a folder without a cluster says how to make one', async () => {
    const { code, stderr } = await cli('kubeconfig', '--data-dir', join(folder, 'none'))
    expect(code).toBe(1)
    expect(stderr).toContain('flotilla serve')
  })
  it.each([homedir(), '/', folder])('reset refuses %s, which is not a data folder, and deletes nothing', async path => {
    writeFileSync(join(folder, 'precious'), 'x')
    const { code, stderr } = await cli('reset', '--yes', '--data-dir', path)
    expect(code).toBe(1)
    expect(stderr).toContain('is not a Flotilla data folder; nothing was deleted')
    expect(existsSync(join(folder, 'precious'))).toBe(true)
  })
  it('serve refuses a data folder of a newer format with a clear line', async () => {
    const newer = join(folder, 'newer')
    const cluster = await Cluster.start(['--no-local-node'], newer)
    await cluster.stop()
    const format = join(newer, 'format.json')
    const text = readFileSync(format, 'utf8')
    writeFileSync(format, text.replace(/\d+/, '999'))
    const { code, stderr } = await cli('serve', '--data-dir', newer, '--listen', '127.0.0.1:0', '--no-local-node')
    expect(code).toBe(1)
    expect(stderr).toMatch(/newer/)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })
  it('serve encrypts with a passphrase, and refuses without it or with another', async () => {
    const dataDir = join(folder, 'encrypted')
    const [right, wrong] = ['right', 'wrong'].map(text => {
      const path = join(folder, `${text}.passphrase`)
      writeFileSync(path, `${text}\n`)
      return path
    }) as [string, string]
    const cluster = await Cluster.start(['--no-local-node', '--encryption-passphrase-file', right], dataDir)
    const create = ['create', 'secret', 'generic', 'db', '--from-literal=password=visible-to-readers']
    await execute('kubectl', create, { env: { KUBECONFIG: cluster.kubeconfig } })
    await cluster.stop()
    const log = readdirSync(join(dataDir, 'store')).map(name => readFileSync(join(dataDir, 'store', name), 'latin1'))
    expect(log.join()).toContain('/registry/core/secrets/default/db')
    expect(log.join()).not.toContain(Buffer.from('visible-to-readers').toString('base64'))

    const serve = ['serve', '--data-dir', dataDir, '--listen', '127.0.0.1:0', '--no-local-node']
    expect(await cli(...serve)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'flotilla: the store is encrypted: give its passphrase with --encryption-passphrase-file\n',
    })
    const refused = await cli(...serve, '--encryption-passphrase-file', wrong)
    expect(refused).toMatchObject({ code: 1, stderr: "flotilla: this is not the store's passphrase\n" })
    await cluster.start()
    const get = await execute('kubectl', ['get', 'secret', 'db', '-o', 'jsonpath={.data.password}'], {
      env: { KUBECONFIG: cluster.kubeconfig },
    })
    expect(Buffer.from(get.stdout, 'base64').toString()).toBe('visible-to-readers')
    await cluster[Symbol.asyncDispose]()
  })
  it('serve ends with a clear line and exit code 1 when its log is destroyed under it', async () => {
    const dataDir = join(folder, 'destroyed')
    const child = spawn(process.execPath, [
      join(repository, 'out/main/cli.js'),
      ...['serve', '--data-dir', dataDir, '--listen', '127.0.0.1:0', '--no-local-node'],
    ])
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', chunk => (stdout += String(chunk)))
    child.stderr.on('data', chunk => (stderr += String(chunk)))
    const ended = once(child, 'exit')
    await until('ready', () => Promise.resolve(stdout.includes('ready ')))
    // A folder in its place makes the next append fail; what is found afterwards is not what was acknowledged.
    const segment = join(
      dataDir,
      'store',
      readdirSync(join(dataDir, 'store'))
        .filter(name => /\.log$/.test(name))
        .at(-1)!,
    )
    rmSync(segment)
    mkdirSync(segment)
    const env = { KUBECONFIG: join(dataDir, 'kubeconfig') }
    const write = await execute('kubectl', ['create', 'namespace', 'lost'], { env })
    expect(write.stderr).toContain('the store is unavailable')
    rmSync(segment, { recursive: true })
    writeFileSync(segment, 'garbage')
    expect(await ended).toEqual([1, null])
    expect(stderr).toContain('could not be reopened after a failed write')
    expect(existsSync(join(dataDir, 'runtime.json'))).toBe(false)
  })
  it('serve ends with what to do after a fault that nobody foresaw, and not after one that says that somebody is gone', async () => {
    const inject = `process.on('SIGUSR2', () => Promise.reject(new Error('injected')));
      process.on('SIGWINCH', () => Promise.reject(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })))`
    const preload = `--import=data:text/javascript,${encodeURIComponent(inject)}`
    const cluster = await Cluster.start(['--no-local-node'], join(folder, 'fault'), ['env', `NODE_OPTIONS=${preload}`])
    process.kill(cluster.pid, 'SIGWINCH')
    await until('it is told', () =>
      Promise.resolve(cluster.output.includes('nobody was there any more: Error: write EPIPE')),
    )
    await cluster.kubectl('create', 'configmap', 'goes-on')
    process.kill(cluster.pid, 'SIGUSR2')
    await until('it ended', () => Promise.resolve(cluster.exitCode !== null))
    expect(cluster.exitCode).toBe(1)
    const [, report = ''] = /a fault that was not foreseen: Error: injected\. .* Start it again; if it comes back, (\S+) says/.exec(cluster.output) ?? [] // prettier-ignore
    expect(readFileSync(report, 'utf8')).toMatch(
      /^unhandledRejection at .*\nFlotilla .*, Node .*\nError: injected\n +at /,
    )
    expect(existsSync(join(cluster.dataDir, 'runtime.json'))).toBe(false)
    await cluster.start()
    expect(await cluster.kubectl('get', 'configmap', 'goes-on', '-o', 'name')).toBe('configmap/goes-on\n')
    await cluster[Symbol.asyncDispose]()
  })
  it('serve ends when it is told to, also where nobody reads what it prints', async () => {
    const [dataDir, path] = [join(folder, 'unread'), join(folder, 'full')]
    await execute('mkfifo', [path])
    const full = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    expect(() => {
      for (;;) writeSync(full, Buffer.alloc(4096))
    }).toThrow('EAGAIN')
    const serve = ['serve', '--data-dir', dataDir, '--listen', '127.0.0.1:0', '--no-local-node']
    const child = spawn(process.execPath, [join(repository, 'out/main/cli.js'), ...serve], { stdio: ['ignore', full, full] }) // prettier-ignore
    const ended = once(child, 'exit')
    await until('it serves', () => Promise.resolve(existsSync(join(dataDir, 'runtime.json'))))
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(existsSync(join(dataDir, 'runtime.json'))).toBe(false)
    closeSync(full)
  })
  it('serve writes what the policy asks for to the audit log, a JSON text a line', async () => {
    const [policy, log] = [join(folder, 'audit-policy.yaml'), join(folder, 'audit.log')]
    writeFileSync(
      policy,
      `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Request
  users: [kubernetes-admin]
  verbs: [create]
  resources: [{ group: '', resources: [configmaps] }]
- level: None
`,
    )
    const flags = ['--audit-policy-file', policy, '--audit-log-path', log]
    const cluster = await Cluster.start(['--no-local-node', ...flags], join(folder, 'audited'))
    await cluster.kubectl('create', 'configmap', 'seen', '--from-literal=a=b')
    await cluster.kubectl('get', 'configmap', 'seen')
    await cluster[Symbol.asyncDispose]()
    const text = readFileSync(log, 'utf8')
    expect(text).toMatch(/\n$/)
    const events = text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Request',
      stage: 'ResponseComplete',
      verb: 'create',
      user: { username: 'kubernetes-admin' },
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'seen' },
      requestObject: { kind: 'ConfigMap', data: { a: 'b' } },
      responseStatus: { code: 201 },
    })
    expect(statSync(log).mode & 0o077).toBe(0)
  })
  it('serve on a taken port says which and what to do', async () => {
    const first = await Cluster.start(['--no-local-node'], join(folder, 'port'))
    const taken = new URL(first.url).host
    const { code, stderr } = await cli(
      'serve',
      '--data-dir',
      join(folder, 'other'),
      '--listen',
      taken,
      '--no-local-node',
    )
    expect(code).toBe(1)
    expect(stderr).toContain(`${taken} is taken`)
    await first[Symbol.asyncDispose]()
  })
})

describe('a running cluster', () => {
  let cluster: Cluster
  const home = join(folder, 'home')
  beforeAll(async () => {
    mkdirSync(home)
    cluster = await Cluster.start(['--no-local-node'], join(folder, 'data'))
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  it('prints ready with its URL and the kubeconfig path, and why this machine is no node', () => {
    expect(cluster.output).toMatch(/^ready https:\/\/127\.0\.0\.1:\d+ kubeconfig=\S+\/kubeconfig$/m)
    expect(cluster.output).toContain('not joined: --no-local-node was given')
    expect(cluster.loginUrl).toMatch(/#token=/)
  })
  it('status tells where it runs', async () => {
    const { code, stdout } = await cli('status', '-o', 'json', '--data-dir', cluster.dataDir)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ running: true, url: cluster.url, pid: cluster.pid, nodes: [] })
  })
  it('status tells why this machine is no node, also long after the start', async () => {
    const { stdout } = await cli('status', '--data-dir', cluster.dataDir)
    expect(stdout).toContain('node        none\nthis node   not joined: --no-local-node was given\n')
  })
  it('login prints another one-time URL', async () => {
    const { stdout } = await cli('login', '--data-dir', cluster.dataDir)
    expect(stdout).toMatch(/^https:\/\/\S+\/ui\/login#token=\S+\n$/)
    expect(stdout.trim()).not.toBe(cluster.loginUrl)
  })
  it('a second serve on the same folder is refused and names the first', async () => {
    const { code, stderr } = await cli(
      'serve',
      '--data-dir',
      cluster.dataDir,
      '--listen',
      '127.0.0.1:0',
      '--no-local-node',
    )
    expect(code).toBe(1)
    expect(stderr).toContain(String(cluster.pid))
  })
  it('kubeconfig --user issues an identity without rights', async () => {
    const { stdout } = await cli('kubeconfig', '--user', 'ann', '--data-dir', cluster.dataDir)
    const path = join(folder, 'ann')
    writeFileSync(path, stdout, { mode: 0o600 })
    const whoami = await execute('kubectl', [
      '--kubeconfig',
      path,
      'auth',
      'whoami',
      '-o',
      'jsonpath={.status.userInfo.username}',
    ])
    expect(whoami.stdout).toBe('ann')
    const pods = await execute('kubectl', ['--kubeconfig', path, 'get', 'pods'])
    expect(pods.stderr).toContain(
      'pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "default"',
    )
  })
  it.each(['system:admin', 'a b', '$(id)', ''])('kubeconfig --user refuses the name "%s"', async name => {
    const { code, stderr } = await cli('kubeconfig', `--user=${name}`, '--data-dir', cluster.dataDir)
    expect(code).toBe(2)
    expect(stderr).toContain('--user wants a name')
  })
  it('what objects say of themselves does not steer the terminal, and stays the same in JSON', async () => {
    const reason = 'Bad\u001b]0;evil\u0007\u009b31m\u202eyduts'
    await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'hostile' } }))
    const status = { conditions: [{ type: 'Ready', status: 'False', reason }] }
    const patch = JSON.stringify({ status })
    await cluster.kubectl('patch', 'node', 'hostile', '--subresource=status', '--type=merge', '-p', patch)
    const { stdout } = await cli('status', '--data-dir', cluster.dataDir)
    expect(stdout).toContain('hostile: not ready (Bad\\u001b]0;evil\\u0007\\u009b31m\\u202eyduts)')
    const asJson = await cli('status', '-o', 'json', '--data-dir', cluster.dataDir)
    expect(asJson.stdout).not.toMatch(/[\u007f-\u009f\u202e]/)
    expect((JSON.parse(asJson.stdout) as { nodes: unknown[] }).nodes).toContainEqual(
      expect.objectContaining({ name: 'hostile', reason }),
    )
    const missing = await cli('node', 'show', 'no\u001b[31mne', '--data-dir', cluster.dataDir)
    expect(missing.stderr).not.toContain('\u001b')
    await cluster.kubectl('delete', 'node', 'hostile')
  })
  it('kubeconfig --merge and --unmerge edit the user’s own file', async () => {
    const env = { KUBECONFIG: join(home, 'config') }
    const run = (...args: string[]) =>
      execute(
        process.execPath,
        [join(repository, 'out/main/cli.js'), 'kubeconfig', '--data-dir', cluster.dataDir, ...args],
        { env },
      )
    expect((await run('--merge')).code).toBe(0)
    expect((await execute('kubectl', ['get', 'namespaces', '-o', 'name'], { env })).stdout).toContain(
      'namespace/default',
    )
    expect(statSync(env.KUBECONFIG).mode & 0o077).toBe(0)
    expect((await run('--unmerge')).code).toBe(0)
    expect((await execute('kubectl', ['config', 'get-contexts', '-o', 'name'], { env })).stdout.trim()).toBe('')
  })
  it('reset refuses while it runs', async () => {
    const { code, stderr } = await cli('reset', '--yes', '--data-dir', cluster.dataDir)
    expect(code).toBe(1)
    expect(stderr).toContain('stop it first')
  })
})

describe('flotilla uninstall', () => {
  it('deletes the cluster and takes it out of the user’s kubeconfig, leaving the rest', async () => {
    const env = { KUBECONFIG: join(folder, 'uninstall-config') }
    writeFileSync(env.KUBECONFIG, 'apiVersion: v1\nkind: Config\n# mine\nclusters: []\n')
    const cluster = await Cluster.start(['--no-local-node'], join(folder, 'uninstall'))
    const run = (...args: string[]) =>
      execute(process.execPath, [join(repository, 'out/main/cli.js'), ...args, '--data-dir', cluster.dataDir], { env })
    expect((await run('kubeconfig', '--merge')).code).toBe(0)
    await cluster.stop()
    const { code, stdout } = await run('uninstall', '--yes')
    expect(code).toBe(0)
    expect(stdout).toContain(`removed "flotilla" from ${env.KUBECONFIG}`)
    expect(existsSync(cluster.dataDir)).toBe(false)
    expect(readFileSync(env.KUBECONFIG, 'utf8')).toContain('# mine')
    expect(readFileSync(env.KUBECONFIG, 'utf8')).not.toContain('127.0.0.1')
  })
})
