#!/bin/sh
echo "post of act with state $STATE_mark"
