// Runs Flotilla's scheduler in place of the one that a test has made, unless that has plugins or extenders of the test's
// own. The package's name is put in where this is copied to.
package launch

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	configv1 "k8s.io/kube-scheduler/config/v1"
	schedulerapi "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
)

var inPlaceOf sync.Map

// standIn remembers with which configuration Flotilla's scheduler stands in for one of upstream's.
func standIn(sched *Scheduler, options schedulerOptions) {
	if os.Getenv("FLOTILLA_SCHEDULER") == "" || options.kubeConfig == nil ||
		len(options.frameworkOutOfTreeRegistry) > 0 || len(options.extenders) > 0 {
		return
	}
	codec := scheme.Codecs.LegacyCodec(configv1.SchemeGroupVersion)
	configuration, err := runtime.Encode(codec, &schedulerapi.KubeSchedulerConfiguration{
		Profiles:                 options.profiles,
		PercentageOfNodesToScore: &options.percentageOfNodesToScore,
		PodInitialBackoffSeconds: max(options.podInitialBackoffSeconds, 1),
		PodMaxBackoffSeconds:     max(options.podMaxBackoffSeconds, 1),
	})
	if err != nil {
		panic(err)
	}
	text, err := json.Marshal(map[string]any{
		"url":           options.kubeConfig.Host,
		"token":         options.kubeConfig.BearerToken,
		"ca":            string(options.kubeConfig.CAData),
		"configuration": json.RawMessage(configuration),
	})
	if err != nil {
		panic(err)
	}
	inPlaceOf.Store(sched, string(text))
}

// runStandIn runs until the context ends. False: upstream's own is wanted.
func runStandIn(ctx context.Context, sched *Scheduler) bool {
	told, ok := inPlaceOf.LoadAndDelete(sched)
	if !ok {
		return false
	}
	cmd := exec.CommandContext(ctx, os.Getenv("FLOTILLA_NODE"), os.Getenv("FLOTILLA_SCHEDULER"), told.(string))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		panic(err)
	}
	return true
}
