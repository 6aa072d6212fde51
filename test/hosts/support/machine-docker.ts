// A Docker in a machine of its own, as Docker Desktop's: nothing but its socket is on this machine. In there are none of
// the programs that an agent calls.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { execute, until } from '../../e2e/support/cluster.ts'
import { HostLab, type LabHost } from '../lab/lab.ts'

const SETUP = `
set -e
sed -i 's/^PRETTY_NAME=.*/PRETTY_NAME="Docker Desktop"/' /etc/os-release
rm -f /bin/ip /sbin/ip /usr/sbin/nft /usr/sbin/conntrack /usr/bin/nsenter /usr/bin/unshare
mkdir -p /etc/systemd/system/docker.service.d
printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/dockerd -H fd:// -H unix:///shared/docker.sock\\n' > /etc/systemd/system/docker.service.d/shared.conf
systemctl daemon-reload
systemctl restart docker
`

export class MachineDocker implements AsyncDisposable {
  readonly socket: string
  readonly #lab: HostLab
  readonly machine: LabHost

  private constructor(lab: HostLab, machine: LabHost, socket: string) {
    this.#lab = lab
    this.machine = machine
    this.socket = socket
  }

  static async start(): Promise<MachineDocker> {
    const lab = await HostLab.start()
    const shared = join(lab.folder, 'shared')
    mkdirSync(shared)
    const machine = await lab.host('machine', { docker: true, shared })
    machine.sh(SETUP)
    const engine = new MachineDocker(lab, machine, join(shared, 'docker.sock'))
    await engine.answers()
    return engine
  }

  /** Runs what follows it with this Docker, in place of itself. */
  get prefix(): string[] {
    return ['env', `DOCKER_HOST=unix://${this.socket}`]
  }
  /** @returns standard output @throws Error when it fails */
  async docker(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await execute('docker', ['--host', `unix://${this.socket}`, ...args])
    if (code !== 0) throw new Error(stderr)
    return stdout.trim()
  }
  answers = () => until('the Docker in the machine answers', async () => (await this.docker('info')) !== '')

  /** Gives it an image of the machine's Docker. */
  async load(image: string): Promise<void> {
    const archive = join(this.#lab.folder, 'image.tar')
    await execute('docker', ['save', '-o', archive, image])
    await this.docker('load', '-i', archive)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lab[Symbol.asyncDispose]()
  }
}
