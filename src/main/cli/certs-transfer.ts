// `flotilla certs export|import`: the same authority and keys for another control plane of the cluster.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { passphraseOf } from './backup.ts'
import { dataDirOption } from './data-dir-option.ts'
import { runningServer } from '../data-folder/running-server.ts'
import { addPassphraseOption } from './store-options.ts'
import { CommandError } from '../process/usage-error.ts'

interface TransferFlags {
  readonly dataDir: string
  readonly passphraseFile?: string
  readonly replace?: boolean
}

export function addTransferCommands(certs: Command): void {
  addPassphraseOption(certs.command('export'))
    .description("write the cluster's authority and keys to a file, encrypted, for another control plane of it")
    .argument('<file>')
    .addOption(dataDirOption())
    .action(async (file: string, flags: TransferFlags) => {
      const passphrase = await passphraseOf(flags)
      const { exportAuthority } = await import('../store/backup/authority.ts')
      const files = await exportAuthority(resolve(flags.dataDir), resolve(file), passphrase)
      console.log(`${files} files are in ${file}; on the other machine: flotilla certs import ${file}`)
    })
  addPassphraseOption(certs.command('import'))
    .description('before a control plane starts on this data folder: it is one of the cluster that the file is of')
    .argument('<file>', 'what "flotilla certs export" wrote, or a backup')
    .option('--replace', 'move another authority aside')
    .addOption(dataDirOption())
    .action(async (file: string, flags: TransferFlags) => {
      if (runningServer(flags.dataDir)) throw new CommandError('a control plane runs on this folder; stop it first')
      const passphrase = await passphraseOf(flags)
      const { importAuthority } = await import('../store/backup/authority.ts')
      const dataDir = resolve(flags.dataDir)
      const { files, replaced } = await importAuthority(dataDir, resolve(file), passphrase, flags.replace ?? false)
      console.log(`${files} files are in ${dataDir}${replaced ? `; what was there before lies in ${replaced}` : ''}`)
    })
}
