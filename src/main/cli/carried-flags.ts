// Flags of `serve` that were chosen for the cluster: they go along when the control plane moves, and with them the files
// that they name.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { CarriedFlag } from '../data-folder/running-server.ts'

/** What a move decides by itself, or takes along in the cluster. */
const TAKEN_CARE_OF =
  /^(dataDir|listen|advertise|loopbackNodePorts|store|etcd.*|localNode|localCluster|encryption.*|clusterCidr|serviceClusterIpRange|networkBackend)$/
const WRITTEN = new Set(['--audit-log-path'])
const STANDARD_OUTPUT = '-'

/** @returns those that were given, in the order of their declaration */
export const carriedFlags = (serve: Command): CarriedFlag[] =>
  serve.options
    .filter(option => serve.getOptionValueSource(option.attributeName()) === 'cli')
    .filter(option => !TAKEN_CARE_OF.test(option.attributeName()))
    .flatMap(option => {
      const { long, flags } = option
      const given: unknown = serve.getOptionValue(option.attributeName())
      return [given].flat().map(value => carried(long ?? flags, String(value), flags.includes('<file>')))
    })

function carried(flag: string, value: string, isFile: boolean): CarriedFlag {
  if (!isFile || value === STANDARD_OUTPUT) return { flag, value }
  return { flag, value: resolve(value), file: WRITTEN.has(flag) ? 'written' : 'read' }
}

/** As one argument: a value may begin with a dash. */
export const asArgument = ({ flag, value }: CarriedFlag): string => `${flag}=${value}`
