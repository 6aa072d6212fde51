// A private registry: Debian's own, over TLS with a CA that nobody knows, for one person with a password.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { guessNodeIP } from '../../../src/agent/kubelet/node/node-address.ts'
import { eventually } from '../../support/eventually.ts'
import { freePort } from '../../support/free-ports.ts'
import { docker, temporaryFolder } from './node.ts'

const USER = 'ada'
const PASSWORD = 'open sesame'
/** Of the password, as htpasswd writes it: the registry takes nothing but bcrypt. */
const HTPASSWD = `${USER}:$2y$05$aGnuZFA2fwoeFglh8rU1rOkLCo.x9hb17EQSHT8aqM7/bDJSw0tNe\n`

export class PrivateRegistry implements AsyncDisposable {
  /** Not a loopback address: Docker trusts those without looking at certificates. */
  readonly address: string
  readonly #folder: ReturnType<typeof temporaryFolder>
  readonly #child: ReturnType<typeof spawn>

  private constructor(address: string, folder: ReturnType<typeof temporaryFolder>, child: ReturnType<typeof spawn>) {
    this.address = address
    this.#folder = folder
    this.#child = child
  }

  static async start(): Promise<PrivateRegistry> {
    const ip = guessNodeIP()
    if (ip === undefined) throw new Error('this machine has no address')
    const folder = temporaryFolder()
    const file = (name: string, text = '') => {
      if (text !== '') writeFileSync(join(folder.path, name), text)
      return join(folder.path, name)
    }
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder.path, stdio: 'ignore' })
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=registry CA')
    openssl('req', '-x509', ...key, '-keyout', 'tls.key', '-out', 'tls.crt', '-subj', '/CN=registry',
      '-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', `subjectAltName=IP:${ip}`,
      '-addext', 'basicConstraints=critical,CA:false') // prettier-ignore
    const port = await freePort()
    const config = {
      version: 0.1,
      storage: { filesystem: { rootdirectory: file('data') } },
      http: { addr: `${ip}:${port}`, tls: { certificate: file('tls.crt'), key: file('tls.key') } },
      auth: { htpasswd: { realm: 'private', path: file('users', HTPASSWD) } },
    }
    const child = spawn('docker-registry', ['serve', file('config.yml', JSON.stringify(config))], { stdio: 'ignore' })
    const registry = new PrivateRegistry(`${ip}:${port}`, folder, child)
    await eventually(() => registry.#isUp(), 20_000)
    return registry
  }

  #isUp = (): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const sent = request(`https://${this.address}/v2/`, { ca: readFileSync(join(this.#folder.path, 'ca.crt')) })
      sent.once('response', ({ statusCode }) => resolve(statusCode === 401))
      sent.once('error', reject)
      sent.end()
    })

  get #trust(): string {
    return `/etc/docker/certs.d/${this.address}`
  }
  /** Puts the CA where Docker looks for it at every pull. */
  trust(): void {
    mkdirSync(this.#trust, { recursive: true })
    writeFileSync(join(this.#trust, 'ca.crt'), readFileSync(join(this.#folder.path, 'ca.crt')))
  }
  distrust(): void {
    rmSync(this.#trust, { recursive: true, force: true })
  }

  /** As .dockerconfigjson has it. */
  credentials(password = PASSWORD, address = this.address): string {
    return JSON.stringify({ auths: { [address]: { auth: Buffer.from(`${USER}:${password}`).toString('base64') } } })
  }

  /** Puts an image there under a name. @returns its reference; the machine itself does not have it */
  push(image: string, name: string): string {
    const reference = `${this.address}/${name}`
    writeFileSync(join(this.#folder.path, 'config.json'), this.credentials())
    docker('tag', image, reference)
    docker('--config', this.#folder.path, 'push', '--quiet', reference)
    docker('rmi', reference)
    return reference
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.distrust()
    const ended = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.kill()
    await ended
    this.#folder.remove()
  }
}
