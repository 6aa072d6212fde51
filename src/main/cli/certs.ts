// `flotilla certs status|rotate-ca|rotate-service-account-key|renew-admin`.
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Argument, type Command } from 'commander'
import { dataDirLayout, isThere, noCluster } from '../data-folder/data-dir.ts'
import { addTransferCommands } from './certs-transfer.ts'
import { dataDirOption } from './data-dir-option.ts'
import { runningServer } from '../data-folder/running-server.ts'
import { CommandError } from '../process/usage-error.ts'

interface Flags {
  readonly dataDir: string
}

export function addCertsCommands(program: Command): void {
  const certs = program.command('certs').description("the cluster's authority, certificates and keys")
  addTransferCommands(certs)
  certs
    .command('status')
    .description('tell which certificates there are and how long they last')
    .addOption(dataDirOption())
    .option('-o, --output <format>', 'text or json', 'text')
    .action(status)
  certs
    .command('rotate-ca')
    .description('a new authority, in three steps, each followed by a restart; nobody is locked out in between')
    .addArgument(
      new Argument(
        '<step>',
        'prepare: both trusted; switch: the new one signs; finish: only the new one trusted',
      ).choices(['prepare', 'switch', 'finish']),
    )
    .addOption(dataDirOption())
    .action(rotateAuthority)
  certs
    .command('rotate-service-account-key')
    .description("a new key signs service accounts' tokens; those signed before stay valid until --finish")
    .option('--finish', 'tokens of the key before are valid no longer')
    .addOption(dataDirOption())
    .action(rotateServiceAccount)
  certs
    .command('renew-admin')
    .description("a new key and certificate for the admin, in the cluster's kubeconfig")
    .addOption(dataDirOption())
    .action(renewAdmin)
}

const NAMES = ['ca', 'ca-next', 'ca-previous', 'serving', 'admin']

function status({ dataDir, output }: Flags & { readonly output: string }): void {
  const found = NAMES.flatMap(name => {
    const path = join(dataDir, 'pki', `${name}.crt`)
    if (!isThere(path)) return []
    const { validTo, serialNumber } = new X509Certificate(readFileSync(path))
    return [{ name, expires: new Date(validTo).toISOString(), serialNumber }]
  })
  if (found.length === 0) throw new CommandError(noCluster(dataDir))
  const previousKey = existsSync(join(dataDir, 'pki', 'service-account-previous.pub'))
  if (output === 'json')
    return console.log(JSON.stringify({ certificates: found, previousServiceAccountKey: previousKey }))
  for (const { name, expires } of found) console.log(`${name.padEnd(12)} until ${expires}`)
  if (previousKey) console.log('tokens of an earlier service-account key are still accepted')
}

const restartHint = (dataDir: string) =>
  runningServer(dataDir) ? 'it takes effect when the cluster is restarted' : 'it takes effect at the next start'

async function rotateAuthority(step: string, { dataDir }: Flags): Promise<void> {
  const { dismissAuthority, prepareAuthority, switchAuthority } = await import('../pki/rotation.ts')
  if (step === 'prepare') {
    await prepareAuthority(dataDir)
    console.log(`a second authority is ready; ${restartHint(dataDir)}. Then hand out the kubeconfig again, and: switch`)
  } else if (step === 'switch') {
    await switchAuthority(dataDir)
    console.log(`the new authority signs; ${restartHint(dataDir)}. Then hand out the kubeconfig again, and: finish`)
  } else {
    await dismissAuthority(dataDir)
    console.log(`the old authority is trusted no longer; ${restartHint(dataDir)}`)
  }
}

async function rotateServiceAccount({ dataDir, finish }: Flags & { readonly finish?: boolean }): Promise<void> {
  const { dismissServiceAccountKey, rotateServiceAccountKey } = await import('../pki/rotation.ts')
  if (finish) await dismissServiceAccountKey(dataDir)
  else await rotateServiceAccountKey(dataDir)
  const what = finish ? 'tokens of the key before are valid no longer' : 'a new key signs tokens'
  console.log(`${what}; ${restartHint(dataDir)}`)
}

async function renewAdmin({ dataDir }: Flags): Promise<void> {
  const { forgetAdmin } = await import('../pki/rotation.ts')
  const { openPki, renderKubeconfig } = await import('../pki/pki.ts')
  const { placeOf, readKubeconfig, writeAtomically } = await import('../data-folder/kubeconfig-file.ts')
  await forgetAdmin(dataDir)
  const { caPem, admin } = await openPki({ dataDir })
  const path = dataDirLayout(dataDir).kubeconfig
  if (existsSync(path)) {
    const place = placeOf(readKubeconfig(path))
    writeAtomically(path, renderKubeconfig({ ...place, caPem, name: 'flotilla', user: 'kubernetes-admin', ...admin }))
  }
  const { validTo } = new X509Certificate(admin.certPem)
  console.log(
    `the admin's certificate is new, until ${new Date(validTo).toISOString()}; copies of the old one work until they expire`,
  )
}
