// Flags of `serve` that a move leaves behind: they name files of this machine, or were chosen for it.
import type { Command } from 'commander'

/** What a move decides by itself, or takes along in the cluster. */
const TAKEN_CARE_OF =
  /^(dataDir|listen|advertise|store|etcd.*|localNode|encryption.*|clusterCidr|serviceClusterIpRange|networkBackend)$/

/** @returns those that were given, as `--audit-log-path` */
export const stayingFlags = (serve: Command): string[] =>
  serve.options
    .filter(option => serve.getOptionValueSource(option.attributeName()) === 'cli')
    .filter(option => !TAKEN_CARE_OF.test(option.attributeName()))
    .map(({ long, flags }) => long ?? flags)
