"""The doors that nobody knocks on: the sequencer, the reconciler, arq jobs and cron."""
