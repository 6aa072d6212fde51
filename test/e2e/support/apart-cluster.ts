// A local cluster of two nodes where Docker's network is out of this machine's reach, with a pod on each of them.
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Ran, execute, repository, until } from './cluster.ts'
import { webManifest } from './web.ts'

const CLI = join(repository, 'out/main/cli.js')

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string }
    readonly spec: { readonly nodeName: string }
    readonly status: { readonly podIP: string; readonly startTime: string }
  }[]
}

export class ApartCluster {
  readonly name = `t${process.pid}`
  readonly #folder: string
  readonly #prefix: readonly string[]
  readonly #nodePort: number

  /**
   * @param folder of all local clusters
   * @param prefix a command that runs the program by exec, in place of itself, with the Docker meant
   */
  constructor(folder: string, prefix: readonly string[], nodePort: number) {
    this.#folder = folder
    this.#prefix = prefix
    this.#nodePort = nodePort
  }

  local(action: string, ...args: string[]): Promise<Ran> {
    const given = action === 'list' ? args : [this.name, ...args]
    const argv = [...this.#prefix, process.execPath, CLI, 'local', action, ...given, '--folder', this.#folder]
    const [command = '', ...rest] = argv
    return execute(command, rest, { timeoutMs: 150_000 })
  }

  /** @throws Error when it fails */
  async does(action: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.local(action, ...args)
    if (code !== 0 || stderr !== '') throw new Error(`local ${action}: ${stderr}`)
    return stdout
  }

  get controlPlane(): string {
    return join(this.#folder, this.name, 'control-plane')
  }

  async kubectl(args: readonly string[], input?: string): Promise<string> {
    const env = { KUBECONFIG: join(this.controlPlane, 'kubeconfig') }
    const { code, stdout, stderr } = await execute('kubectl', args, { env, ...(input !== undefined && { input }) })
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  async pods(): Promise<PodList['items']> {
    return (JSON.parse(await this.kubectl(['get', 'pods', '-o', 'json'])) as PodList).items
  }

  /** @param image has curl and busybox */
  async serveWeb(image: string): Promise<void> {
    await this.kubectl(['apply', '-f', '-'], webManifest(image, { nodePort: this.#nodePort }))
    await this.kubectl(['rollout', 'status', 'deployment/web', '--timeout=180s'])
  }

  /** Each pod reaches each other one, the Service by its name, and the API server; and this machine the node port. */
  async everythingAnswers(): Promise<void> {
    const pods = await this.pods()
    expect(pods.map(({ spec }) => spec.nodeName).sort()).toEqual([`${this.name}-1`, `${this.name}-2`])
    const targets = [...pods.map(({ status }) => `http://${status.podIP}:8080`), 'http://web.default.svc.cluster.local']
    for (const { metadata } of pods) {
      const ask = (...args: string[]) => this.kubectl(['exec', metadata.name, '--', 'curl', '-sk', '-m', '2', ...args])
      expect(await ask(...targets)).toBe('hello\n'.repeat(targets.length))
      expect(await ask('https://kubernetes.default/version')).toContain('gitVersion')
    }
    const { stdout } = await execute('curl', ['-s', '-m', '2', `http://127.0.0.1:${this.#nodePort}/`])
    expect(stdout).toBe('hello\n')
  }

  /** As `everythingAnswers`, for what has to come first. */
  back = (timeoutMs?: number) =>
    until('everything answers', async () => (await this.everythingAnswers(), true), timeoutMs)

  /** When its pods were started: the same as long as none was made anew. */
  async since(): Promise<string> {
    return (await this.pods()).map(({ metadata, status }) => `${metadata.name} ${status.startTime}`).join()
  }
}
