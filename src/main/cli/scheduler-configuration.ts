// The file of `--scheduler-config`.
import { type SchedulerConfiguration, parseSchedulerConfiguration } from '../scheduler/config/configuration.ts'
import { readFlagFile } from './flag-file.ts'

/** @throws UsageError */
export const schedulerConfiguration = (file: string): Promise<SchedulerConfiguration> =>
  readFlagFile('--scheduler-config', file, async text =>
    parseSchedulerConfiguration((await import('yaml')).parse(text, { maxAliasCount: 100 })),
  )
