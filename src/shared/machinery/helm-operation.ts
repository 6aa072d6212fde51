// What the window may have the helm program do, and the arguments that say it: the same words are shown and run.

interface OfRelease {
  readonly namespace: string
  readonly name: string
}

export type HelmOperation =
  | ({ readonly do: 'rollback'; readonly revision: number } & OfRelease)
  | ({ readonly do: 'uninstall'; readonly keepHistory: boolean } & OfRelease)
  | ({
      /** Installs what is not there yet. */
      readonly do: 'upgrade'
      /** `repository/chart`, an `oci://` or `https://` address, or a folder. */
      readonly chart: string
      /** Of the chart; '' = the newest. */
      readonly version: string
      /** YAML, given to helm on its standard input; '' = none. */
      readonly values: string
      /** Asked for only where it is missing: it takes the right to make namespaces even where it is there. */
      readonly createNamespace?: boolean
      /** Changes nothing, and prints as JSON what the release would be. */
      readonly dryRun?: boolean
    } & OfRelease)

/** A word that helm could take for an option is refused rather than quoted. */
function plain(word: string, what: string): string {
  if (word === '' || word.startsWith('-') || /[\u0000-\u0020]/.test(word)) throw new Error(`“${word}” is no ${what}`)
  return word
}

/** @returns helm's arguments. @throws Error when a name is none */
export function helmArguments(operation: HelmOperation): string[] {
  const name = plain(operation.name, 'name of a release')
  const namespace = `--namespace=${plain(operation.namespace, 'namespace')}`
  switch (operation.do) {
    case 'rollback':
      return ['rollback', name, String(operation.revision), namespace]
    case 'uninstall':
      return ['uninstall', name, namespace, ...(operation.keepHistory ? ['--keep-history'] : [])]
    case 'upgrade': {
      const { version, values, createNamespace, dryRun } = operation
      return [
        ...['upgrade', '--install', name, plain(operation.chart, 'chart'), namespace],
        ...(createNamespace ? ['--create-namespace'] : []),
        ...(version ? [`--version=${plain(version, 'version')}`] : []),
        // What was set before is not kept in secret: the values shown are the values used.
        ...(values.trim() ? ['--values=-'] : ['--reset-values']),
        ...(dryRun ? ['--dry-run=server', '--output=json'] : []),
      ]
    }
  }
}
