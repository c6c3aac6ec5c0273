"""ViSQOL v3: how alike two sounds are heard to be, from gammatone spectrograms that are matched patch by patch.

    gammatone    waveform -> spectrogram of a gammatone filter bank, (bands, frames), in decibels
    alignment    lags between waveforms, by their envelopes
    patches      which parts of the reference are looked for
    nsim         likeness of two patches: structural similarity of neurograms
    matching     the patch of the other side for each patch of the reference, in order, and then to the sample
    comparison   all of it: likeness by band
    quality      likeness by band -> mean opinion score

Source: Hines et al., "ViSQOLAudio" (2015) and "ViSQOL" (2015); Chinen et al., "ViSQOL v3" (2020, arXiv 2004.09584);
google/visqol 3.3.3, Apache-2.0, and its port visqol-python 3.8.0, Apache-2.0, with which stages are compared.
"""
