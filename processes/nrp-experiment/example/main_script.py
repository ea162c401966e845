"""Lets the pendulum swing for two seconds, and brakes it then: a torque against the velocity."""

BRAKE_AFTER_STEPS = 200
GAIN = 0.8

with open('angles.csv', 'w') as table:
    table.write('step,angle,energy\n')
    step = 0
    packs = {}
    try:
        while True:
            torque = -GAIN * packs['pendulum']['state']['velocity'] if step > BRAKE_AFTER_STEPS else 0.0
            packs = nrp.run_loop(1, {'pendulum': {'motor': {'torque': torque}}})
            step += 1
            state, energy = packs['pendulum']['state'], packs['pendulum']['energy']
            table.write(f"{step},{state['angle']!r},{energy['total']!r}\n")
    except NRPSimulationTimeout:
        file_logger.info('the time is over after %d steps, with %.3g J left', step, energy['total'])
