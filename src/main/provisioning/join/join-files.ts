// What a host without SSH access from here fetches: the script, then the agent and its runtime.
import { type AgentFiles, type Compression, type Shipment, isCompression } from '../agent-files.ts'
import type { ClusterSettings } from '../steps/contract.ts'
import { joinScript } from './script.ts'

export interface JoinFiles {
  /** The same text until the cluster, its addresses or its agent change. @throws Error when no runtime was built */
  script(): Promise<string>
  agent(): Promise<Shipment>
  /** @returns undefined for what there is not */
  runtime(architecture: string, format: string): Promise<Shipment | undefined>
}

const ARCHITECTURES = ['amd64', 'arm64']

export function joinFiles(cluster: ClusterSettings, files: AgentFiles): JoinFiles {
  return {
    async script() {
      const built = await Promise.all(
        ARCHITECTURES.map(async name => [name, await files.runtime(name).catch(() => undefined)] as const),
      )
      const runtimes = Object.fromEntries(built.flatMap(([name, parcel]) => (parcel ? [[name, parcel]] : [])))
      if (Object.keys(runtimes).length === 0) throw new Error('no runtime of the agent was built: npm run build')
      return joinScript({ cluster, bundle: await files.bundle(), runtimes })
    },
    agent: async () => (await files.bundle()).open(new Set(['gzip'])),
    async runtime(architecture, format) {
      if (!ARCHITECTURES.includes(architecture) || !isCompression(format)) return undefined
      const formats = new Set<Compression>([format])
      const shipment = await (await files.runtime(architecture)).open(formats)
      return shipment.format === format ? shipment : undefined
    },
  }
}
