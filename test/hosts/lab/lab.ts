// Real Linux hosts for tests: systemd, sshd and, where wanted, Docker, in containers on a network of their own. Hosts
// cannot open connections to the machine that the tests run on, as a laptop behind NAT is out of its hosts' reach.
import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from '../../support/eventually.ts'
import { PASSWORD, labImages } from './image.ts'

const run = (argv: readonly string[], input?: string | Buffer, env: NodeJS.ProcessEnv = process.env): string => {
  const [command = '', ...args] = argv
  return execFileSync(command, args, {
    encoding: 'utf8',
    input: input ?? '',
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  })
}
const runAside = promisify(execFile)
const docker = (...args: string[]): string => run(['docker', ...args]).trim()
/** Of programs on a host. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' }

const CAPABILITIES = [
  'AUDIT_CONTROL', 'AUDIT_READ', 'AUDIT_WRITE', 'BLOCK_SUSPEND', 'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER',
  'FSETID', 'IPC_LOCK', 'IPC_OWNER', 'KILL', 'LEASE', 'LINUX_IMMUTABLE', 'MAC_ADMIN', 'MAC_OVERRIDE', 'MKNOD',
  'NET_ADMIN', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_RAW', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_ADMIN',
  'SYS_BOOT', 'SYS_CHROOT', 'SYSLOG', 'SYS_MODULE', 'SYS_NICE', 'SYS_PACCT', 'SYS_PTRACE', 'SYS_RAWIO', 'SYS_TIME',
  'SYS_TTY_CONFIG', 'WAKE_ALARM',
] // prettier-ignore

export interface LabHostOptions {
  readonly docker: boolean
  /** Only reachable through other hosts of the lab. */
  readonly hidden?: boolean
  /** As the host calls itself. Default: its name. */
  readonly hostname?: string
  /** A folder of this machine, which the host has as /shared. */
  readonly shared?: string
}

export class LabHost {
  readonly name: string
  readonly ip: string
  readonly password = PASSWORD
  readonly #lab: HostLab
  /** Of its first program, as this machine sees it; 0 when that has to be asked. */
  #pid = 0

  constructor(lab: HostLab, name: string, ip: string) {
    this.#lab = lab
    this.name = name
    this.ip = ip
  }

  get container(): string {
    return `${this.#lab.id}-${this.name}`
  }
  exec(...argv: string[]): string {
    return this.#inside(argv).trim()
  }
  /** In the host's namespaces: as `docker exec`, which tests would spend much of their time in. */
  #inside(argv: readonly string[], input = ''): string {
    return run(['nsenter', ...this.#spaces(), '--', ...argv], input, ENVIRONMENT)
  }
  #spaces(): string[] {
    if (!existsSync(`/proc/${this.#pid}/ns`)) this.#pid = Number(docker('inspect', '-f', '{{.State.Pid}}', this.container)) // prettier-ignore
    return ['--target', String(this.#pid), '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup']
  }
  sh(script: string): string {
    return this.exec('sh', '-c', script)
  }
  write(path: string, text: string): void {
    this.#inside(['sh', '-c', 'cat > "$0"', path], text)
  }
  /** Lets a public key in. */
  authorize(user: string, publicKey: string): void {
    const home = user === 'root' ? '/root' : `/home/${user}`
    this.sh(`mkdir -p ${home}/.ssh && chmod 700 ${home}/.ssh && chown ${user} ${home}/.ssh`)
    this.write(`${home}/.ssh/authorized_keys`, publicKey)
    this.sh(`chmod 600 ${home}/.ssh/authorized_keys && chown ${user} ${home}/.ssh/authorized_keys`)
  }
  /** Lines for sshd's configuration. */
  configureSshd(lines: string): void {
    this.write('/etc/ssh/sshd_config.d/test.conf', lines)
    this.sh('systemctl reset-failed ssh; systemctl restart ssh')
  }
  hostKey(): string {
    return this.sh('ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub').split(' ')[1] ?? ''
  }
  /** Another host answers at this address now, or somebody in between. */
  replaceHostKey(): void {
    this.sh('rm /etc/ssh/ssh_host_*; ssh-keygen -A')
    this.sh('systemctl reset-failed ssh; systemctl restart ssh')
  }
  /** Ends every SSH session, as a cut connection does. */
  cutSsh(): void {
    // Sessions by name: those of an sshd that was restarted are nobody's children any more.
    this.sh("pkill -9 -f '^sshd: [a-z-]+( |@|$)' || true")
  }
  /** Ends every SSH session and takes no new ones, or takes them again. */
  refuseSsh(refuse: boolean): void {
    this.sh(`systemctl reset-failed ssh; systemctl ${refuse ? 'stop' : 'start'} ssh`)
    if (refuse) this.cutSsh()
  }
  /** The kernel cannot freeze a process that is waiting for a disk: on a busy machine it takes more than one try. */
  pause(): void {
    for (let tries = 1; ; tries++)
      try {
        docker('pause', this.container)
        return
      } catch (error) {
        if (tries === 5) throw error
      }
  }
  resume(): void {
    docker('unpause', this.container)
  }
  async reboot(): Promise<void> {
    docker('restart', '--time', '20', this.container)
    this.#pid = 0
    await this.up()
  }
  /** As somebody who pulls the plug, and puts it in again. */
  async powerCut(): Promise<void> {
    docker('kill', this.container)
    docker('start', this.container)
    this.#pid = 0
    await this.up()
  }
  /** After the host ended by itself, as in a shutdown: waits for that, and switches it on again. */
  async start(): Promise<void> {
    await eventually(() => docker('inspect', '-f', '{{.State.Running}}', this.container) === 'false', 60_000)
    docker('start', this.container)
    this.#pid = 0
    await this.up()
  }
  /** systemd tells when it is through: asking it again and again would take the time that it needs. */
  async up(): Promise<void> {
    const isUp = 'systemctl is-system-running --wait | grep -q "running\\|degraded" && systemctl is-active --quiet ssh'
    await eventually(() => runAside('nsenter', [...this.#spaces(), '--', 'sh', '-c', isUp], { env: ENVIRONMENT, timeout: 60_000 }), 180_000) // prettier-ignore
  }
  /** Everything on the host that onboarding may change, in a text that can be compared. */
  picture(): string {
    return this.sh(PICTURE)
  }
}

/**
 * Files outside what a running system rewrites by itself, units, users, packages, links, routes, rules, sysctls,
 * mounts and Docker's objects. Numbers that the lab's own Docker gives out anew at every start of a host are left out.
 */
const PICTURE = `
find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/log -o -path /var/cache -o -path /var/lib/docker -o -path /var/lib/containerd -o -path /var/lib/systemd -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/lib/sudo -o -path /var/tmp \\) -prune -o \\( -type f -o -type l -o -type d \\) -printf '%M %u %p %l\\n' | grep -v ' /etc/ld.so.cache$' | sort
echo == contents; find /etc -xdev -type f ! -name ld.so.cache ! -name '*-' -exec sha256sum {} + | sort -k2
echo == units; units=$(systemctl list-unit-files --no-legend --no-pager) || exit 1; echo "$units" | awk '{print $1, $2}' | sort
echo == packages; dpkg-query -W -f '\${Package} \${Status}\\n' | grep -v deinstall | sort
echo == links; ip -o link show | awk '{sub(/@if[0-9]+/, "", $2); print $2}' | sort; ip -4 route show | sort; ip rule show
echo == rules; nft -s list ruleset 2>/dev/null | sed -e 's/counter packets [0-9]* bytes [0-9]*/counter/' -e '/127\\.0\\.0\\.11/s/port [0-9]*\\|:[0-9]*$//g'
echo == sysctl; cat /proc/sys/net/ipv4/ip_forward
echo == mounts; awk '{print $2}' /proc/mounts | grep -v '^/var/lib/docker\\|^/run/docker\\|^/run/user\\|^/run/credentials' | sort
echo == docker; docker ps -aq 2>/dev/null; docker volume ls -q 2>/dev/null; docker network ls --format '{{.Name}}' 2>/dev/null | sort; docker image ls --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | sort
`

export class HostLab implements AsyncDisposable {
  readonly id = `flh${randomBytes(3).toString('hex')}`
  readonly folder = mkdtempSync(join(tmpdir(), 'flotilla-hosts-'))
  readonly #hosts: LabHost[] = []
  readonly #firewall: string[][] = []
  /** Out of the way of the cluster's own ranges: the preflight would find the overlap. */
  readonly #subnet = `10.${200 + Math.floor(Math.random() * 40)}.${Math.floor(Math.random() * 250)}`

  private constructor() {
    docker('network', 'create', '--subnet', `${this.#subnet}.0/24`, this.id)
    // New connections from hosts to this machine go nowhere: only answers to what was opened from here.
    this.#filter('INPUT', '-s', `${this.#subnet}.0/24`, '-m', 'conntrack', '--ctstate', 'NEW', '-j', 'REJECT')
  }

  static async start(): Promise<HostLab> {
    await labImages()
    return new HostLab()
  }

  async host(name: string, options: LabHostOptions): Promise<LabHost> {
    const { bare, withDocker } = await labImages()
    const host = new LabHost(this, name, `${this.#subnet}.${10 + this.#hosts.length}`)
    this.#hosts.push(host)
    docker(
      'run', '--detach', '--name', host.container, '--hostname', options.hostname ?? name, '--network', this.id, '--ip', host.ip,
      '--cgroupns=host', '--volume', '/sys/fs/cgroup:/sys/fs/cgroup:rw',
      '--tmpfs', '/run', '--tmpfs', '/run/lock', '--tmpfs', '/tmp', '--volume', '/var/lib/docker', '--volume', '/var/lib/containerd',
      '--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined', '--security-opt', 'systempaths=unconfined',
      '--device-cgroup-rule', 'a *:* rwm', '--stop-signal', 'SIGRTMIN+3',
      ...CAPABILITIES.flatMap(name => ['--cap-add', name]),
      ...(options.shared === undefined ? [] : ['--volume', `${options.shared}:/shared`]),
      options.docker ? withDocker : bare,
    ) // prettier-ignore
    if (options.hidden) this.#filter('OUTPUT', '-d', host.ip, '-j', 'REJECT')
    // Packages are written out file by file on a disk that is to last; this one goes with its test.
    if (!options.docker) host.write('/etc/dpkg/dpkg.cfg.d/lab', 'force-unsafe-io\n')
    await host.up()
    return host
  }

  /** This machine's end of the lab's network. */
  get #link(): string {
    return `br-${docker('network', 'inspect', '--format', '{{.Id}}', this.id).slice(0, 12)}`
  }

  /** The machine that the tests run on has another address in the lab from now on, as after a change of network. */
  changeOwnAddress(): void {
    run(['ip', 'address', 'del', `${this.#subnet}.1/24`, 'dev', this.#link])
    run(['ip', 'address', 'add', `${this.#subnet}.254/24`, 'dev', this.#link])
  }

  /**
   * A VPN of the machine that the tests run on: while it is there, the way to the host and back leads through it, from
   * another address and in smaller packets, and nothing passes on the way before.
   * @returns turns it off
   */
  vpn(host: LabHost): () => void {
    const pid = docker('inspect', '-f', '{{.State.Pid}}', host.container)
    run(['ip', 'link', 'add', 'vpn-near', 'mtu', '1280', 'type', 'veth', 'peer', 'name', 'vpn-far', 'mtu', '1280', 'netns', pid]) // prettier-ignore
    host.sh('ip address add 10.199.0.2/30 dev vpn-far; ip link set vpn-far up')
    run(['ip', 'address', 'add', '10.199.0.1/30', 'dev', 'vpn-near'])
    run(['ip', 'link', 'set', 'vpn-near', 'up'])
    run(['ip', 'route', 'add', host.ip, 'via', '10.199.0.2'])
    const swallowed = [
      ['OUTPUT', '-o', this.#link, '-d', host.ip, '-j', 'DROP'],
      ['INPUT', '-i', this.#link, '-s', host.ip, '-j', 'DROP'],
    ]
    for (const rule of swallowed) run(['iptables', '-w', '10', '-I', ...rule])
    return () => {
      run(['ip', 'link', 'delete', 'vpn-near'])
      for (const rule of swallowed) run(['iptables', '-w', '10', '-D', ...rule])
    }
  }

  /** From now on this host reaches the machine that the tests run on. */
  letIn(host: LabHost): void {
    this.#filter('INPUT', '-s', host.ip, '-j', 'ACCEPT')
  }

  /**
   * Has these hosts reach each other through a router, which is this machine, as on networks of their own.
   * @returns what drops, from then on, what the arguments of an iptables rule name
   */
  partWays(...hosts: readonly LabHost[]): (...rule: string[]) => void {
    for (const host of hosts) {
      host.sh(`sysctl -qw net.ipv4.conf.eth0.accept_redirects=0; ip address replace ${host.ip}/32 dev eth0; ip address delete ${host.ip}/24 dev eth0; ip route replace ${this.#subnet}.1 dev eth0; ip route replace default via ${this.#subnet}.1`) // prettier-ignore
    }
    return (...rule) => this.#filter('FORWARD', ...rule, '-j', 'DROP')
  }

  /** The lab's network has IPv6 as well, as far as this machine and this host go. @returns the host's address */
  giveIPv6(host: LabHost): string {
    const prefix = `fd00:${this.id.slice(3, 7)}:`
    run(['ip', '-6', 'address', 'add', `${prefix}:1/64`, 'dev', this.#link, 'nodad'])
    host.sh(`sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0; ip -6 address add ${prefix}:10/64 dev eth0 nodad`)
    return `${prefix}:10`
  }

  /** A key pair made by ssh-keygen. @returns the private key's path; `.pub` has the public one */
  key(name: string, options: { passphrase?: string; type?: string } = {}): { path: string; publicKey: string } {
    const path = join(this.folder, name)
    const { passphrase = '', type = 'ed25519' } = options
    run(['ssh-keygen', '-q', '-t', type, '-N', passphrase, '-C', name, '-f', path])
    return { path, publicKey: readFileSync(`${path}.pub`, 'utf8') }
  }

  file(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }

  #filter(...rule: string[]): void {
    run(['iptables', '-w', '10', '-I', ...rule])
    this.#firewall.push(rule)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hosts.length > 0) docker('rm', '--force', '--volumes', ...this.#hosts.map(({ container }) => container))
    for (const rule of this.#firewall) run(['iptables', '-w', '10', '-D', ...rule])
    docker('network', 'rm', this.id)
    rmSync(this.folder, { recursive: true, force: true })
  }
}
