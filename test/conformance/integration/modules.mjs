// Copies of upstream's modules in which the functions that start an API server for tests start Flotilla's instead.
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs' // prettier-ignore
import { join } from 'node:path'
import { go, KUBERNETES, prepareFolder } from '../binaries.mjs'

const APIEXTENSIONS = 'k8s.io/apiextensions-apiserver'

/** Where a test's server begins to be started, and what stands before that in the copies. */
const STARTS = [
  {
    module: 'k8s.io/kubernetes',
    file: 'cmd/kube-apiserver/app/testing/testserver.go',
    before: '\tfs := pflag.NewFlagSet("test", pflag.PanicOnError)\n',
    text: `	if os.Getenv("FLOTILLA_API_SERVER") != "" {
		config, stop, err := launchFlotilla(customFlags, result.TmpDir)
		if err != nil {
			return result, err
		}
		etcdClient, _, err := GetEtcdClients(storageConfig.Transport)
		if err != nil {
			return result, err
		}
		result.ClientConfig = config
		result.ServerOpts = options.NewServerRunOptions()
		result.ServerOpts.Etcd.StorageConfig = *storageConfig
		result.ServerOpts.SecureServing.ServerCert.CertKey.CertFile = filepath.Join(result.TmpDir, "apiserver.crt")
		result.EtcdClient = etcdClient
		result.EtcdStoragePrefix = storageConfig.Prefix
		result.TearDownFn = func() {
			stop()
			tCtx.Cancel("tearing down")
			os.RemoveAll(result.TmpDir)
			etcdClient.Close()
		}
		return result, nil
	}
`,
  },
  {
    module: 'k8s.io/kubernetes',
    file: 'test/integration/framework/test_server.go',
    before: '\tif setup.ModifyServerConfig != nil {\n',
    text: '\tmade := beforeChanges(kubeAPIServerConfig.ControlPlane.Generic)\n',
  },
  {
    module: 'k8s.io/kubernetes',
    file: 'test/integration/framework/test_server.go',
    before: '\tkubeAPIServer, err := kubeAPIServerConfig.Complete()',
    text: `	if os.Getenv("FLOTILLA_API_SERVER") != "" {
		flags, stopCallbacks, err := made.serve(opts.Authorization.Modes)
		if err != nil {
			t.Fatal(err)
		}
		flags = append(flags,
			"--authorization-mode="+strings.Join(opts.Authorization.Modes, ","),
			"--service-cluster-ip-range="+opts.ServiceClusterIPRanges,
			"--client-ca-file="+opts.Authentication.ClientCert.ClientCA,
			"--service-account-signing-key-file="+opts.ServiceAccountSigningKeyFile,
			"--service-account-issuer="+opts.Authentication.ServiceAccounts.Issuers[0],
			"--disable-admission-plugins="+strings.Join(opts.Admission.GenericAdmission.DisablePlugins, ","),
		)
		if anonymous := opts.Authentication.Anonymous; anonymous != nil && !anonymous.Allow {
			flags = append(flags, "--anonymous-auth=false")
		}
		if file := opts.Authentication.TokenFile; file != nil && file.TokenFile != "" {
			flags = append(flags, "--token-auth-file="+file.TokenFile)
		}
		if file := opts.Admission.GenericAdmission.ConfigFile; file != "" {
			flags = append(flags, "--admission-control-config-file="+file)
		}
		config, stop, err := launchFlotilla(flags, certDir)
		if err != nil {
			t.Fatal(err)
		}
		c, err := client.NewForConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		return c, config, func() { stop(); stopCallbacks(); tearDownFn() }
	}
`,
  },
  {
    // A configuration that is made and not run leaves goroutines behind.
    module: 'k8s.io/kubernetes',
    file: 'test/integration/framework/etcd.go',
    before: '\tif err := goleakFindRetry(goleakOpts...)',
    text: `	if os.Getenv("FLOTILLA_API_SERVER") != "" {
		os.Exit(result)
	}
`,
  },
  {
    module: 'k8s.io/kubernetes',
    file: 'pkg/scheduler/scheduler.go',
    before: '\tif err = addAllEventHandlers(sched,',
    text: '\tstandIn(sched, options)\n',
    parts: ['scheduler'],
  },
  {
    // What is not run keeps its cache all the same: tests wait for that.
    module: 'k8s.io/kubernetes',
    file: 'pkg/scheduler/scheduler.go',
    after: 'func (sched *Scheduler) Run(ctx context.Context) {\n',
    text: '\tif runStandIn(ctx, sched) {\n\t\treturn\n\t}\n',
    parts: ['scheduler'],
  },
  {
    module: APIEXTENSIONS,
    file: 'pkg/cmd/server/testing/testserver.go',
    after: '\tfs := pflag.NewFlagSet("test", pflag.PanicOnError)\n',
    text: `	if os.Getenv("FLOTILLA_API_SERVER") != "" {
		config, stop, err := launchFlotilla(customFlags, result.TmpDir)
		if err != nil {
			return result, err
		}
		result.ServerOpts = options.NewCustomResourceDefinitionsServerOptions(os.Stdout, os.Stderr)
		result.ServerOpts.AddFlags(fs)
		fs.Parse(customFlags)
		result.ClientConfig = config
		result.TearDownFn = func() {
			stop()
			tearDown()
		}
		return result, nil
	}
`,
  },
]

function writable(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() || entry.name.endsWith('.sh') ? 0o755 : 0o644)
}

/** @throws Error where upstream's sources are others than those that this was written for */
function insert(folder, { file, before, after, text, parts: copied = ['launch', 'callbacks'] }) {
  const path = join(folder, file)
  const source = readFileSync(path, 'utf8')
  const parts = source.split(before ?? after)
  if (parts.length !== 2) throw new Error(`${file} is not as it was: ${JSON.stringify(before ?? after)}`)
  writeFileSync(path, parts.join(before ? text + before : after + text))
  const [, name] = /^package (\w+)/m.exec(source)
  for (const part of copied) {
    const text = readFileSync(join(import.meta.dirname, `${part}.go`), 'utf8')
    writeFileSync(join(path, '..', `flotilla_${part}.go`), text.replace(/^package launch$/m, `package ${name}`))
  }
}

/** @returns {{ build: (packageName: string, target: string) => void, folderOf: (packageName: string) => string }} */
export function prepareModules(cache, say) {
  const { folder: programs } = prepareFolder(cache)
  const folder = join(cache, `integration-${KUBERNETES}`)
  const modules = [...new Set(STARTS.map(({ module }) => module))]
  const copyOf = module => join(folder, module.replace('k8s.io/', ''))
  if (!existsSync(folder)) {
    say('copying the modules of upstream’s tests (once)')
    const work = `${folder}.new`
    rmSync(work, { recursive: true, force: true })
    mkdirSync(work, { recursive: true })
    let text = readFileSync(join(programs, 'go.mod'), 'utf8')
    for (const module of modules) {
      const from = go(programs, ['list', '-m', '-f', '{{or .Dir .Replace.Dir}}', module]).trim()
      const name = module.replace('k8s.io/', '')
      cpSync(from, join(work, name), { recursive: true })
      writable(join(work, name))
      for (const start of STARTS.filter(each => each.module === module)) insert(join(work, name), start)
      text = text.replace(new RegExp(`^\\s*(?:replace )?${module} => .*$`, 'm'), '')
      text += `\nreplace ${module} => ./${name}\n`
    }
    writeFileSync(join(work, 'go.mod'), text)
    cpSync(join(programs, 'go.sum'), join(work, 'go.sum'))
    renameSync(work, folder)
  }
  return {
    build: (name, target) => go(folder, ['test', '-c', '-vet=off', '-o', target, name]),
    folderOf(name) {
      const module = modules.find(each => name.startsWith(`${each}/`))
      if (!module) throw new Error(`${name} is in none of ${modules.join(', ')}`)
      return join(copyOf(module), name.slice(module.length + 1))
    },
  }
}
