// The images of lab hosts: a Debian with systemd and sshd, without and with Docker. Made by debootstrap in about two
// minutes, then kept in .cache under the hash of this recipe.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGES = [
  'systemd', 'systemd-sysv', 'openssh-server', 'sudo', 'iproute2', 'iptables', 'nftables', 'ca-certificates', 'dbus',
  'kmod', 'procps', 'curl',
] // prettier-ignore

/** The people of a lab host. Ada's sudo asks for her password, Grace's does not. */
export const PASSWORD = 'correct horse'
const SETUP = `
set -e
systemctl enable ssh systemd-resolved 2>/dev/null || systemctl enable ssh
systemctl mask systemd-udevd.service getty.target console-getty.service systemd-logind.service apt-daily.timer apt-daily-upgrade.timer
cat > /etc/systemd/system/host-keys.service <<UNIT
[Unit]
Before=ssh.service
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable host-keys.service
rm -f /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus/machine-id
touch /etc/machine-id
for user in ada grace; do useradd --create-home --shell /bin/bash $user; echo "$user:${PASSWORD}" | chpasswd; done
echo 'ada ALL=(ALL) ALL' > /etc/sudoers.d/ada
echo 'grace ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/grace
useradd --create-home --shell /bin/bash nobody-special; echo "nobody-special:${PASSWORD}" | chpasswd
printf 'UseDNS no\\nLoginGraceTime 20\\nMaxStartups 50\\nMaxAuthTries 10\\nPerSourceMaxStartups none\\n' > /etc/ssh/sshd_config.d/lab.conf
apt-get clean
`
const DOCKER_SETUP = `
set -e
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d
apt-get update -qq
apt-get install -y -qq --no-install-recommends docker.io conntrack fish tcsh zsh
systemctl enable docker containerd
rm -f /usr/sbin/policy-rc.d
apt-get clean
`

const cache = fileURLToPath(new URL('../../../.cache/lab', import.meta.url))
const HASH = createHash('sha256')
  .update(JSON.stringify([PACKAGES, SETUP, DOCKER_SETUP]))
  .digest('hex')
  .slice(0, 12)

const docker = (...args: string[]): string =>
  execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 << 20 }).trim()
const hasImage = (name: string) => docker('image', 'ls', '-q', name) !== ''

export interface LabImages {
  readonly bare: string
  readonly withDocker: string
}

let made: Promise<LabImages> | undefined

/** @returns the images' names; made or loaded when they are not there */
export const labImages = (): Promise<LabImages> => (made ??= makeImages())

async function makeImages(): Promise<LabImages> {
  const images = { bare: `flotilla-lab-host:${HASH}`, withDocker: `flotilla-lab-host-docker:${HASH}` }
  const areThere = () => hasImage(images.bare) && hasImage(images.withDocker)
  if (areThere()) return images
  mkdirSync(cache, { recursive: true })
  // Two test files may want them at the same time.
  using _making = await lockFile(join(cache, 'lock'))
  if (areThere()) return images
  const archive = join(cache, `${HASH}.tar`)
  if (existsSync(archive)) {
    docker('load', '--quiet', '--input', archive)
    return images
  }
  if (!hasImage(images.bare)) await makeBare(images.bare)
  makeWithDocker(images)
  const partial = `${archive}.${process.pid}`
  docker('save', '--output', partial, images.bare, images.withDocker)
  renameSync(partial, archive)
  return images
}

/** Held by a program that ends with this one, whatever ends it. */
async function lockFile(path: string): Promise<Disposable> {
  const holder = spawn('flock', [path, 'sh', '-c', 'echo locked; cat'], { stdio: ['pipe', 'pipe', 'ignore'] })
  await once(holder.stdout, 'data')
  return { [Symbol.dispose]: () => holder.stdin.end() }
}

/** debootstrap's own default mirror is taken: the machine's apt reaches it, or nothing here works. */
async function makeBare(name: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-lab-'))
  const rootfs = join(folder, 'rootfs')
  try {
    await quietly('debootstrap', ['--variant=minbase', `--include=${PACKAGES.join(',')}`, 'bookworm', rootfs])
    await quietly('chroot', [rootfs, 'sh', '-c', SETUP])
    await quietly('sh', ['-c', 'tar -C "$0" -c . | docker import --change \'CMD ["/sbin/init"]\' - "$1"', rootfs, name])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function makeWithDocker({ bare, withDocker }: LabImages): void {
  const id = docker('run', '--detach', '--network', 'host', bare, '/bin/sleep', '600')
  try {
    docker('exec', id, 'sh', '-c', DOCKER_SETUP)
    docker('commit', '--change', 'CMD ["/sbin/init"]', id, withDocker)
  } finally {
    docker('rm', '--force', id)
  }
}

function quietly(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += String(chunk)))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}: ${output.slice(-2000)}`)),
    )
  })
}
